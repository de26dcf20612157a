# SPDX-License-Identifier: PostgreSQL
"""tools/run_tests.py counts cases truly: a crash, a leak or silence is never a pass."""
import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("run_tests", ROOT / "tools/run_tests.py")
run_tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_tests)

GOOD = """[==========] Running 2 test(s).
[ RUN      ] test_a
some words of the test
[       OK ] test_a
[ RUN      ] test_b
[       OK ] test_b
[==========] 2 test(s) run.
[  PASSED  ] 2 test(s).
"""


def test_count__all_ok__all_passed():
    assert run_tests.count_cases(GOOD, 0) == (2, [], [])


def test_count__failed_case__once_though_the_summary_repeats_it():
    out = """[ RUN      ] test_a
[  ERROR   ] --- 1 != 2
[   LINE   ] --- x.c:5: error: Failure!
[  FAILED  ] test_a
[ RUN      ] test_b
[  SKIPPED ] test_b
[==========] 2 test(s) run.
[  PASSED  ] 0 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] test_b
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] test_a
"""
    assert run_tests.count_cases(out, 1) == (0, ["test_a"], ["test_b"])


def test_count__crash_inside_a_case__is_a_failure():
    passed, failed, _ = run_tests.count_cases("[ RUN      ] test_a\n[       OK ] test_a\n[ RUN      ] test_b\n", -11)
    assert passed == 1
    assert failed == ["test_b (the program ended inside it)"]


def test_count__leak_after_the_last_case__is_a_failure():
    passed, failed, _ = run_tests.count_cases(GOOD, 1)
    assert passed == 2
    assert len(failed) == 1


def test_count__case_lost_before_the_next__is_a_failure():
    out = "[ RUN      ] test_a\n[ RUN      ] test_b\n[       OK ] test_b\n"
    assert run_tests.count_cases(out, 0) == (1, ["test_a"], [])


def test_program__hang__is_ended_and_reported():
    test = {"cmd": ["/bin/sleep", "30"], "env": {}, "workdir": None, "timeout": 0.2}
    _, out, code, seconds = run_tests.run_program(test, [])
    assert code == 124
    assert "no end after" in out
    assert seconds < 10


def test_program__that_cannot_be_run__is_a_failure():
    test = {"cmd": ["/nonexistent/test_x"], "env": {}, "workdir": None, "timeout": 1}
    _, out, code, _ = run_tests.run_program(test, [])
    assert code == 127
    assert run_tests.count_cases(out, code)[1] != []


def test_excerpt__shows_the_failed_case_only():
    out = "[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n1 != 2\n[  FAILED  ] b\n[ RUN      ] c\n[       OK ] c\n"
    assert run_tests.excerpt(out, ["b"]) == ["[ RUN      ] b", "1 != 2", "[  FAILED  ] b"]
    assert run_tests.excerpt("one\ntwo\n", ["(exit 1)"]) == ["one", "two"]
