# SPDX-License-Identifier: PostgreSQL
"""`pgseal ca forecast` against real servers with RDS-shaped certificates: what it sees, finds, and says to do.

The region of these certificates is none of AWS's, so that no published root has their names; forecasts with published
roots are unit tests (tests/unit/ca), where the table is an argument. Here the fakes of one published region show what
happens to an impostor.
"""
import json
import os
import re
import shutil
import subprocess

import pki as pki_module
import pytest
from fake_server import Behaviour
from pki import HOST, RDS_CLUSTER, RDS_INSTANCE, RDS_PROXY
from referee import environment

RULES = "hostssl all all all scram-sha-256\n"  # nobody can log in without a password
BUNDLES = {"all.pem": ["rds2048", "rds4096", "rds384"], "one.pem": ["rds2048"], "other.pem": ["root"], "amazon.pem": ["acm"],
           "mixed.pem": ["rds2048", "root"], "sub.pem": ["rdssub"], "root.pem": ["root"]}


@pytest.fixture(scope="module")
def bundles(workdir, pki):
    """A directory with the files of BUNDLES, where commands run."""
    where = os.path.join(workdir, "bundles")
    os.mkdir(where)
    for name, authorities in BUNDLES.items():
        with open(os.path.join(where, name), "w") as f:
            f.write("".join(pki.pem(ca) for ca in authorities))
    shutil.copy(pki.server("selfsigned")[0], os.path.join(where, "server.pem"))
    return where


@pytest.fixture()
def forecast(program, home, bundles, pki, clusters):
    """forecast(cert, host, bundle, *args) -> (exit code, standard output, standard error) with HOST:5432 as port."""
    def ask(cert, host, bundle, *args, major=15, env=None):
        cluster = clusters(major)
        chain, key = pki.server(cert)
        cluster.configure(RULES, {"ssl": "on", "ssl_cert_file": cert + ".crt", "ssl_key_file": cert + ".key"},
                          [(chain, cert + ".crt"), (key, cert + ".key")])
        mark = cluster.log_size()
        done = subprocess.run([program, "ca", "forecast", host, "--with", bundle, *args], capture_output=True, text=True,
                              timeout=25, cwd=bundles, stdin=subprocess.DEVNULL, check=False,
                              env=environment(home, {"PGHOSTADDR": "127.0.0.1", "PGPORT": str(cluster.port), **(env or {})}))
        assert "FATAL" not in cluster.read_log(mark)  # nobody tried to log in
        return done.returncode, done.stdout.replace(f":{cluster.port}", ":5432"), done.stderr
    return ask


def found(out):
    """Ids of the findings, in their order."""
    return [i.replace("CA_FORECAST_", "") for i in re.findall(r"^  code: (CA_\w+)$", out, re.M)]


def steps(out):
    return out.partition("\nSteps\n")[2]


def commands(out):
    """The lines of the steps that are commands."""
    return [line.strip() for line in steps(out).splitlines() if re.match(r" {7}\S", line)]


@pytest.mark.parametrize("major", [15, 18])
def test_forecast__all_roots__nothing_to_do(forecast, pki, major):
    code, out, err = forecast("rdsyear", RDS_CLUSTER, "all.pem", major=major)
    assert (code, err) == (0, "")
    assert found(out) == ["UNKNOWN"]
    look = pki.leaf("rdsyear").not_valid_before + 182.5 * pki_module.DAY + 14 * pki_module.DAY
    assert steps(out) == f"  Nothing to do. Look again by {look:%Y-%m-%d}.\n"
    head = out.splitlines()
    assert head[0] == f"{RDS_CLUSTER}:5432"
    assert head[1:5] == ['  endpoint   cluster endpoint (writer) "app" in ap-test-1 (AWS)', "  address    127.0.0.1",
                         "  instance   app-1 answered, by its certificate", "  signed by  rds-ca-rsa2048-g1"]
    assert "  today      verified; the anchor is at all.pem:1\n" in out
    assert out.count("  works  root at all.pem:") == 3


def test_forecast__file_lacks_roots__clients_first(forecast):
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "one.pem")
    assert code == 1
    assert found(out) == ["CHANGE", "UNKNOWN"]
    assert re.findall(r"^  (?:renewed,|changed to) (\S+) +(works|FAILS)", out, re.M) == \
        [("rds-ca-rsa2048-g1", "works"), ("rds-ca-rsa4096-g1", "FAILS"), ("rds-ca-ecc384-g1", "FAILS")]
    assert commands(out) == ["pgseal ca fetch rds --region ap-test-1 -o one.pem",
                             f"pgseal ca verify {RDS_CLUSTER} --with one.pem", f"pgseal ca forecast {RDS_CLUSTER} --with one.pem"]


def test_forecast__bundle_does_not_verify__is_made_all_the_same(forecast):
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "other.pem")
    assert code == 1
    assert found(out) == ["FAILS", "CHANGE", "UNKNOWN"]
    assert "  today      NOT verified\n" in out
    assert "SSL error: certificate verify failed (X509_SELF_SIGNED_CERT_IN_CHAIN)." in re.sub(r"\s+", " ", out)
    # what a download would not have stays
    assert commands(out)[:2] == ["pgseal ca fetch rds --region ap-test-1 -o ap-test-1-bundle.pem",
                                 "cat other.pem ap-test-1-bundle.pem > other.pem.new && mv other.pem.new other.pem"]


def test_forecast__same_steps_typed__mend_it(forecast, bundles, pki):
    """The commands of the steps, but for the download, lead to a file that has nothing to do any more."""
    _, out, _ = forecast("rdsyear", RDS_CLUSTER, "other.pem")
    with open(os.path.join(bundles, "ap-test-1-bundle.pem"), "w") as f:  # what the download would bring
        f.write("".join(pki.pem(ca) for ca in BUNDLES["all.pem"]))
    shutil.copy(os.path.join(bundles, "other.pem"), os.path.join(bundles, "saved.pem"))
    try:
        subprocess.run(["sh", "-c", commands(out)[1]], cwd=bundles, check=True, timeout=10)
        code, out, _ = forecast("rdsyear", RDS_CLUSTER, "other.pem")
        assert code == 0 and found(out) == ["UNKNOWN"]
    finally:
        shutil.move(os.path.join(bundles, "saved.pem"), os.path.join(bundles, "other.pem"))


def test_forecast__stuck__differs_with_the_engine(forecast):
    code, year, _ = forecast("rdsstuck", RDS_CLUSTER, "all.pem")
    assert (code, found(year)) == (1, ["STUCK", "UNKNOWN"])
    code, three, _ = forecast("rdsstuck3", RDS_INSTANCE, "all.pem")
    assert (code, found(three)) == (1, ["STUCK", "UNKNOWN"])
    arn = "arn:aws:rds:ap-test-1:$(aws sts get-caller-identity --query Account --output text):db:app-1"
    assert commands(year)[:3] == [
        "aws rds describe-db-clusters --region ap-test-1 --db-cluster-identifier app --query "
        "'DBClusters[0].DBClusterMembers[].DBInstanceIdentifier' --output text",
        f"aws rds describe-pending-maintenance-actions --region ap-test-1 --resource-identifier {arn}",
        "aws rds modify-db-instance --region ap-test-1 --db-instance-identifier app-1 --ca-certificate-identifier "
        "rds-ca-rsa2048-g1 --apply-immediately"]
    assert commands(three)[:2] == [
        f"aws rds describe-pending-maintenance-actions --region ap-test-1 --resource-identifier {arn}",
        f"aws rds apply-pending-maintenance-action --region ap-test-1 --resource-identifier {arn} --apply-action "
        "server-certificate-rotation --opt-in-type immediate"]
    assert steps(year) != steps(three)


def test_forecast__at_another_day__healthy_becomes_stuck(forecast):
    assert found(forecast("rdsyear", RDS_CLUSTER, "all.pem", "--at", "+160")[1]) == ["UNKNOWN"]
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "all.pem", "--at", "+170")
    assert (code, found(out)) == (1, ["STUCK", "UNKNOWN"])
    assert "  that day   verified; the anchor is at all.pem:1\n" in out
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "all.pem", "--at", "+340")
    assert found(out) == ["FAILS", "STUCK", "UNKNOWN"]
    assert "  renewed, rds-ca-rsa2048-g1    works" in out  # a new certificate would be verified


def test_forecast__ca_of_the_past__clients_then_server(forecast):
    code, out, _ = forecast("rdsold", RDS_INSTANCE, "mixed.pem")
    assert code == 1
    assert found(out) == ["FAILS", "ENDED", "CHANGE", "UNKNOWN"]
    assert re.findall(r"^  (\d)\.  (\w+,? \w+)", steps(out), re.M) == [("1", "Clients first"), ("2", "Then the"), ("3", "Check, from")]
    assert "aws rds modify-db-instance --region ap-test-1 --db-instance-identifier app-1 --ca-certificate-identifier " \
           "rds-ca-rsa2048-g1 --apply-immediately" in commands(out)
    code, out, _ = forecast("rdsold", RDS_INSTANCE, "all.pem")
    assert re.findall(r"^  (\d)\.  (\w+,? \w+)", steps(out), re.M) == [("1", "Clients have"), ("2", "Check, from")]


def test_forecast__proxy__system_store_and_not_the_bundle(forecast, bundles):
    code, out, _ = forecast("rdsproxy", RDS_PROXY, "all.pem")
    assert (code, found(out)) == (1, ["FAILS", "PUBLIC"])
    assert "  1.  Use the system's roots: sslrootcert=system\n" in steps(out)
    store = {"SSL_CERT_FILE": os.path.join(bundles, "amazon.pem")}
    code, out, _ = forecast("rdsproxy", RDS_PROXY, "system", env=store)
    assert (code, found(out)) == (0, ["PUBLIC"])
    # and never for RDS itself
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "system", env=store)
    assert (code, found(out)) == (1, ["SYSTEM", "UNKNOWN"])
    assert "sslrootcert=ap-test-1-bundle.pem instead of system" in re.sub(r"\s+", " ", steps(out))


def test_forecast__own_authority__dates_only(forecast):
    code, out, _ = forecast("good", HOST, "root.pem")
    assert (code, found(out)) == (0, [])
    assert "  renewed by the same CA        works\n" in out and "Nothing to do. Look again by " in steps(out)
    code, out, _ = forecast("endssoon", HOST, "root.pem")
    assert (code, found(out)) == (1, ["ENDS"])
    assert commands(out)[0] == f"pgseal ca issue --renew {HOST}"
    code, out, _ = forecast("good", HOST, "root.pem", "--at", "+3500")
    assert found(out) == ["FAILS"]
    code, out, _ = forecast("selfsigned", HOST, "server.pem")
    assert (code, found(out)) == (1, ["RENEWAL"])
    assert "  renewed by the same CA        FAILS" in out


def test_forecast__name_no_certificate_has__check_by_another(forecast):
    code, out, _ = forecast("rdsyear", "db.internal", "all.pem")
    assert (code, found(out)) == (1, ["FAILS", "UNKNOWN"])
    assert "  endpoint   not a name of AWS; by its certificate a server of RDS in ap-test-1\n" in out
    assert commands(out) == [f"pgseal ca verify {RDS_CLUSTER} --with all.pem", f"pgseal ca forecast {RDS_CLUSTER} --with all.pem"]


def test_forecast__file_that_is_no_bundle__says_what_it_is(forecast, bundles):
    for name, text, words in (("empty.pem", "", "The file is empty."), ("dummy.pem", "dummy\n", "6 bytes of text"),
                              ("error.pem", "<Error><Code>AccessDenied</Code></Error>", "S3 error page")):
        with open(os.path.join(bundles, name), "w") as f:
            f.write(text)
        code, out, _ = forecast("rdsyear", RDS_CLUSTER, name)
        assert code == 1 and found(out)[0] == "FAILS"
        assert words in re.sub(r"\s+", " ", out)
    code, out, err = forecast("rdsyear", RDS_CLUSTER, "missing.pem")
    assert (code, out) == (3, "") and 'root certificate file "missing.pem" does not exist' in err


def test_forecast__root_hidden_by_blanks__is_lacking(forecast, bundles):
    with open(os.path.join(bundles, "all.pem")) as f:
        text = f.read()
    with open(os.path.join(bundles, "indented.pem"), "w") as f:
        f.write("    " + text)
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "indented.pem")
    assert code == 1
    assert found(out) == ["FAILS", "CA_HIDDEN_BEGIN", "CHANGE", "UNKNOWN"]
    assert "  renewed, rds-ca-rsa2048-g1    FAILS  its root is not in the file\n" in out


def test_forecast__intermediate_in_the_file__is_pinned(forecast):
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "sub.pem")
    assert code == 1
    assert found(out) == ["FAILS", "CHANGE", "PINNED", "UNKNOWN"]


def test_forecast__root_with_a_published_name__impostor(forecast, bundles, tmp_path):
    """A root of one's own making under the name of Tokyo's: found by its fingerprint."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    str(tmp_path / "key"), "-days", "30", "-subj", "/CN=Amazon RDS ap-northeast-1 Root CA RSA2048 G1", "-out",
                    os.path.join(bundles, "tokyo.pem")], check=True, capture_output=True, timeout=20)
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "tokyo.pem")
    assert code == 1 and "CA_IMPOSTOR" in found(out)
    assert "error: tokyo.pem:1: " in out


def test_forecast__json__same_facts(forecast, pki):
    code, out, err = forecast("rdsstuck", RDS_CLUSTER, "one.pem", "--json")
    assert (code, err) == (1, "")
    o, = json.loads(out)["servers"]
    assert o["kind"] == "cluster"
    assert (o["server"], o["endpoint"], o["name"], o["region"], o["partition"], o["cluster"], o["instances"]) == \
        (f"{RDS_CLUSTER}:5432", "cluster endpoint (writer)", "app", "ap-test-1", "AWS", "app", ["app-1"])
    assert (o["authority"], o["ca"], o["verified"], o["stuck"], o["survives_renewal"]) == \
        ("rds", "rds-ca-rsa2048-g1", True, True, True)
    assert [(c["ca"], c["current"], c["survives"], c["line"]) for c in o["choices"]] == \
        [("rds-ca-rsa2048-g1", True, True, 1), ("rds-ca-rsa4096-g1", False, False, 0), ("rds-ca-ecc384-g1", False, False, 0)]
    assert [f["id"] for f in o["findings"]] == ["CA_FORECAST_STUCK", "CA_FORECAST_CHANGE", "CA_FORECAST_UNKNOWN"]
    assert o["until"] == pki.leaf("rdsstuck").not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert o["next_look"] is None and len(o["sent"]) == 2
    assert [s["commands"][0].split()[:3] for s in o["steps"]] == \
        [["pgseal", "ca", "fetch"], ["aws", "rds", "describe-db-clusters"], ["aws", "rds", "modify-db-instance"],
         ["pgseal", "ca", "verify"]]
    assert all("\n" not in s["text"] and s["text"] for s in o["steps"])
    code, out, _ = forecast("rdsyear", RDS_CLUSTER, "other.pem", "--json")
    o, = json.loads(out)["servers"]
    assert o["verified"] is False and "by" not in o
    assert o["error"]["code"] == "X509_SELF_SIGNED_CERT_IN_CHAIN"


def test_forecast__several_hosts__one_each(forecast):
    both = f"host={RDS_CLUSTER},{RDS_PROXY} hostaddr=127.0.0.1,127.0.0.1"
    code, out, _ = forecast("rdsyear", both, "all.pem")
    assert code == 1
    assert re.findall(r"^(\S+):5432$", out, re.M) == [RDS_CLUSTER, RDS_PROXY]
    assert found(out) == ["UNKNOWN", "FAILS", "UNKNOWN"]  # the second has another name than its certificate


def test_forecast__settings_of_a_login__are_not_needed(forecast, program, home, bundles, fake):
    fake.behave(Behaviour(cert="rdsyear", auth="md5", client_ca="clientroot", client_must=True, tls_max="TLSv1_2"))
    done = subprocess.run([program, "ca", "forecast", f"postgresql://u:secret@{RDS_CLUSTER}:{fake.port}/db?hostaddr=127.0.0.1"
                           "&sslmode=disable&sslcert=missing&sslrootcert=all.pem"], capture_output=True, text=True, timeout=25,
                          cwd=bundles, stdin=subprocess.DEVNULL, env=environment(home), check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert found(done.stdout) == ["UNKNOWN"]
    assert not [e for e in fake.settled() if "startup" in e or "secret" in e]
    assert fake.passwords == []


def test_forecast__server_of_the_environment__as_psql(forecast, program, home, bundles, clusters):
    forecast("rdsyear", RDS_CLUSTER, "all.pem")
    env = {"PGHOST": RDS_CLUSTER, "PGHOSTADDR": "127.0.0.1", "PGPORT": str(clusters(15).port), "PGSSLROOTCERT": "all.pem"}
    done = subprocess.run([program, "ca", "forecast"], capture_output=True, text=True, timeout=25, cwd=bundles,
                          env=environment(home, env), check=False)
    assert (done.returncode, done.stderr) == (0, "") and found(done.stdout) == ["UNKNOWN"]


def test_forecast__json_of_nobody__has_the_reason(program, home, bundles):
    done = subprocess.run([program, "ca", "forecast", "127.0.0.1:1", "--with", "all.pem", "--json"], capture_output=True, text=True,
                          timeout=25, cwd=bundles, env=environment(home), check=False)
    one, = json.loads(done.stdout)["servers"]
    assert done.returncode == 3 and one["server"] == "127.0.0.1:1" and "Connection refused" in one["error"]["message"]


def test_forecast__nobody_there__3(program, home, bundles):
    done = subprocess.run([program, "ca", "forecast", "127.0.0.1:1", "--with", "all.pem"], capture_output=True, text=True,
                          timeout=25, cwd=bundles, env=environment(home), check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Connection refused" in done.stderr
    done = subprocess.run([program, "ca", "forecast", "host=/tmp", "--with", "all.pem"], capture_output=True, text=True,
                          timeout=25, cwd=bundles, env=environment(home), check=False)
    assert done.returncode == 1 and "a Unix-domain socket has no TLS" in done.stderr


@pytest.mark.parametrize("args", [[], ["a", "b"], ["h", "--at", "2027-02-30"], ["h", "--with"], ["-x"]])
def test_forecast__wrong_command_line__usage(program, home, args):
    done = subprocess.run([program, "ca", "forecast", *args], capture_output=True, text=True, timeout=25,
                          env=environment(home), check=False)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("pgseal: error: ")
