# SPDX-License-Identifier: PostgreSQL
"""Tokens of IAM as passwords: long ones arrive by every way, and a refusal says what in the token does not fit."""
import datetime
import os
import urllib.parse

import pytest

import pki as pki_module
import referee
from fake_server import Behaviour
from terminal import Terminal

ENDPOINT = "app.cluster-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com"
READER = "app.cluster-ro-cx5u2qk1abcd.eu-west-1.rds.amazonaws.com"
SIGNATURE = "5eb63bbbe01eeed093cb22bb8f5acdc3" * 2
pki_module.LEAVES.setdefault("rds", dict(san=pki_module.dns(ENDPOINT, READER, "tunnel.pgseal.test")))


def token(host=ENDPOINT, port=5432, user="iam_app", age_s=0, length=0, region="eu-west-1"):
    """As botocore's generate_db_auth_token writes it; a session token fills it up to `length`."""
    when = datetime.datetime.utcnow() - datetime.timedelta(seconds=age_s)
    quote = urllib.parse.quote
    scope = quote(f"ASIAIOSFODNN7EXAMPLE/{when:%Y%m%d}/{region}/rds-db/aws4_request", safe="")
    head = (f"{host}:{port}/?Action=connect&DBUser={quote(user, safe='')}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Credential={scope}&X-Amz-Date={when:%Y%m%dT%H%M%SZ}&X-Amz-Expires=900&X-Amz-SignedHeaders=host")
    tail = f"&X-Amz-Signature={SIGNATURE}"
    middle = "&X-Amz-Security-Token="
    room = length - len(head) - len(middle) - len(tail)
    return head + (middle + ("IQoJb3JpZ2luX2VjE%2F%2B" * (room // 22 + 1))[:room] if room > 0 else "") + tail


def passfile_line(host, password):
    return f"{host}:*:*:iam_app:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n"


@pytest.fixture(scope="module")
def server(clusters, pki):
    """(start, conninfo): a PostgreSQL whose role has the token for its password."""
    chain, key = pki.server("rds")
    made = set()

    def start(auth, password, stored="scram-sha-256", major=15):
        cluster = clusters(major)
        if major not in made:
            cluster.sql("create role iam_app login")
            made.add(major)
        cluster.sql(f"set password_encryption = '{stored}'; alter role iam_app password '{password}'")
        cluster.configure(f"hostssl all iam_app 127.0.0.1/32 {auth}\n",
                          {"ssl": "on", "ssl_cert_file": "iam.crt", "ssl_key_file": "iam.key"},
                          [(chain, "iam.crt"), (key, "iam.key")])
        return cluster.port
    return start


def conninfo(port, host=ENDPOINT, **more):
    words = dict(host=host, hostaddr="127.0.0.1", port=port, user="iam_app", dbname="postgres", sslmode="require", **more)
    return " ".join(f"{k}={v}" for k, v in words.items())


# How the password gets in: (name, conninfo text, environment) of port, token, directory.
def by_environment(port, secret, where):
    return conninfo(port), {"PGPASSWORD": secret}


def by_string(port, secret, where):
    return conninfo(port, password=secret), {}


def by_uri(port, secret, where):
    quoted = urllib.parse.quote(secret, safe="")
    return f"postgresql://iam_app:{quoted}@{ENDPOINT}:{port}/postgres?hostaddr=127.0.0.1&sslmode=require", {}


def by_passfile(port, secret, where):
    path = os.path.join(where, "passwords")
    with open(path, "w", encoding="ascii") as f:
        f.write("# a comment\nother.example.com:*:*:iam_app:wrong\n" + passfile_line(ENDPOINT, secret))
    os.chmod(path, 0o600)
    return conninfo(port), {"PGPASSFILE": path}


def by_pgpass(port, secret, where):
    path = os.path.join(where, ".pgpass")
    with open(path, "w", encoding="ascii") as f:
        f.write(passfile_line("*", secret))
    os.chmod(path, 0o600)
    return conninfo(port), {}


@pytest.mark.parametrize("way", [by_environment, by_string, by_uri, by_passfile, by_pgpass], ids=lambda f: f.__name__)
@pytest.mark.parametrize("length", [0, 1000, 2048, 4096])
def test_iam__long_tokens__arrive_as_libpqs_do(server, program, pg15, tmp_path, way, length):
    secret = token(length=length)
    assert len(secret) == length or length == 0
    port = server("password", secret)
    text, env = way(port, secret, str(tmp_path))
    env = referee.environment(str(tmp_path), env)
    judged = referee.psql(pg15, text, env, sql="select current_user")
    ours = referee._run([program, "connect", "-w", "-At", "-c", "select current_user", text], env)
    assert (judged.status, judged.data) == (0, "iam_app\n")
    assert (ours[0], ours[1]) == (0, "iam_app\n")
    assert "an IAM token in clear text goes to a server whose certificate was not verified" in ours[2]
    assert SIGNATURE not in ours[2]


@pytest.mark.parametrize("length", [0, 1500, 4000])
def test_iam__token_pasted_at_the_prompt(server, program, tmp_path, length):
    """A terminal takes lines of up to 4095 characters (termios), for psql as for us."""
    secret = token(length=length)
    port = server("password", secret)
    env = referee.environment(str(tmp_path))
    with Terminal([program, "connect", "-At", "-c", "select current_user", conninfo(port)], env, columns=200) as t:
        t.wait("Password for user iam_app: ")
        t.type(secret + "\n")
        t.wait("\niam_app\n")
        assert t.end() == 0
        assert SIGNATURE not in t.seen


@pytest.mark.parametrize("major", [15, 18])
@pytest.mark.parametrize("auth, stored", [("md5", "md5"), ("scram-sha-256", "scram-sha-256"),
                                          ("password", "scram-sha-256")])
def test_iam__every_method__takes_a_long_password(server, program, tmp_path, auth, stored, major):
    secret = token(length=2048)
    text = conninfo(server(auth, secret, stored, major))
    env = referee.environment(str(tmp_path), {"PGPASSWORD": secret})
    status, out, err = referee._run([program, "connect", "-At", "-c", "select current_user", text], env)
    assert (status, out) == (0, "iam_app\n"), err


# ---- refusals ------------------------------------------------------------------------------------

# What is odd about the token or the login -> words of the story.
REFUSED = {
    "other-endpoint": (dict(host=READER), {}, "goes to another endpoint, " + ENDPOINT),
    "alias": ({}, dict(host="tunnel.pgseal.test"), "This connection goes to tunnel.pgseal.test:"),
    "signed-for-alias": (dict(host="tunnel.pgseal.test"), {}, "tunnel.pgseal.test is no endpoint of AWS"),
    "port": (dict(port=6000), {}, "This connection goes to port "),
    "user": (dict(user="App"), {}, 'for user "App" at'),
    "ended": (dict(age_s=1600), {}, "It ended 11 minutes ago."),
    "clock": (dict(age_s=-7300), {}, "By this machine's clock that is 2 hours in the future."),
    "region": (dict(region="us-east-1"), {}, "signed for region us-east-1, and the endpoint is in eu-west-1."),
    "fits": ({}, {}, "Host, port, user, region and time in it fit this login"),
}


def story(text):
    """The lines of a story as running text."""
    return " ".join(text.split())


@pytest.mark.parametrize("name", REFUSED)
def test_iam__refused__says_what_does_not_fit(server, program, pg15, tmp_path, files, name):
    odd, login, words = REFUSED[name]
    port = server("password", "another")
    secret = token(**dict(dict(port=port), **odd))
    text = conninfo(port, **login).replace("require", f"verify-full sslrootcert={files.roots['good']}")
    env = referee.environment(str(tmp_path), {"PGPASSWORD": secret})
    judged = referee.psql(pg15, text, env)
    status, out, err = referee._run([program, "connect", "-w", "--trace", "-c", "select 1", text], env)
    assert (status, out) == (judged.status, "") == (2, "")
    assert f"pgseal: error: {judged.text}\n" in err
    assert words in story(err) and "The password is an IAM token for" in story(err)
    assert "aws rds generate-db-auth-token" in err or "GRANT rds_iam" in err
    assert SIGNATURE not in err and "ASIA" not in err


def test_iam__pam_refuses__as_rds_does(server, program, pg15, tmp_path):
    """The words of RDS: its pg_hba.conf has the method pam for members of rds_iam."""
    port = server("pam pamservice=pgseal-nosuch", "any")
    env = referee.environment(str(tmp_path), {"PGPASSWORD": token(port=port, age_s=1070)})
    judged = referee.psql(pg15, conninfo(port), env)
    status, _, err = referee._run([program, "connect", "-w", "-c", "select 1", conninfo(port)], env)
    assert 'FATAL:  PAM authentication failed for user "iam_app"' in judged.text
    assert status == judged.status == 2
    assert judged.text in err
    assert "It ended 2 minutes ago." in story(err)
    env["PGPASSWORD"] = "no token"
    status, _, err = referee._run([program, "connect", "-w", "-c", "select 1", conninfo(port)], env)
    assert status == 2 and "On RDS and Aurora that is how a role with rds_iam logs in" in story(err)


def test_iam__server_that_does_not_know_the_role_by_iam(server, program, tmp_path):
    port = server("scram-sha-256", "another")
    env = referee.environment(str(tmp_path), {"PGPASSWORD": token(port=port)})
    status, _, err = referee._run([program, "connect", "-w", "-c", "select 1", conninfo(port)], env)
    assert status == 2
    assert "The server asked for SCRAM-SHA-256-PLUS and not for a password in clear text" in story(err)
    assert 'GRANT rds_iam TO "iam_app"' in story(err)


def test_iam__ordinary_password__has_the_ordinary_story(server, program, tmp_path):
    port = server("password", "another")
    env = referee.environment(str(tmp_path), {"PGPASSWORD": "wrong"})
    _, _, err = referee._run([program, "connect", "-w", "-c", "select 1", conninfo(port)], env)
    assert "The server did not accept the password." in err and "The password is an IAM token" not in story(err)


def test_iam__passfile_without_backslashes__is_explained(server, program, pg15, tmp_path):
    """The colon behind the host name ends the password, in libpq as here."""
    port = server("password", token())
    path = tmp_path / ".pgpass"
    path.write_text(f"*:*:*:iam_app:{token(port=port)}\n")
    path.chmod(0o600)
    env = referee.environment(str(tmp_path))
    judged = referee.psql(pg15, conninfo(port), env)
    status, _, err = referee._run([program, "connect", "-w", "-c", "select 1", conninfo(port)], env)
    assert status == judged.status == 2 and judged.text in err
    assert "as if an IAM token had been cut at its first colon" in story(err)
    assert "a colon inside of a password is written \\:" in story(err)


# ---- to whom it goes -----------------------------------------------------------------------------

def test_iam__verified_but_another_endpoint__warns_and_connects(server, program, tmp_path, files):
    secret = token(host=READER)
    port = server("password", secret)
    text = conninfo(port).replace("require", f"verify-full sslrootcert={files.roots['good']}")
    env = referee.environment(str(tmp_path), {"PGPASSWORD": secret})
    status, out, err = referee._run([program, "connect", "-At", "-c", "select 1", text], env)
    assert (status, out) == (0, "1\n")
    assert f"pgseal: warning: the IAM token is for {READER} and goes to {ENDPOINT}" in err


@pytest.mark.parametrize("signed_for, host, fine", [
    (ENDPOINT, ENDPOINT, True), (ENDPOINT, ENDPOINT.upper(), True),
    (READER, ENDPOINT, False), (ENDPOINT, "tunnel.pgseal.test", False)])
def test_iam__strict__sends_it_to_its_endpoint_only(program, fake, tmp_path, files, signed_for, host, fine):
    fake.behave(Behaviour(auth="badpw", cert="rds"))
    text = conninfo(fake.port, host=host).replace("require", f"verify-full sslrootcert={files.roots['good']}")
    secret = token(host=signed_for, port=fake.port)
    env = referee.environment(str(tmp_path), {"PGPASSWORD": secret})
    status, _, err = referee._run([program, "connect", "--strict", "-w", "-c", "select 1", text], env)
    fake.settled()
    assert status == 2 and SIGNATURE not in err
    if fine:
        assert fake.passwords == [(True, secret)]
        assert "fit this login" in story(err)
    else:
        assert fake.passwords == []
        assert f"strict: an IAM token for {signed_for} would go to {host}" in err
        assert "code: PASSWORD_RISK" in err and "Nothing was sent." in err
