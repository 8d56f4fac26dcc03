"""The command that proves: its table, its exit code, and what it does with what it is given."""

import sys
import types

import pytest

from scripts import chromium, run_checks
from scripts.checks import browser
from scripts.checks.table import Check
from scripts.proof.memory import Memory
from scripts.proof.unit import Outcome, Unit


@pytest.fixture
def only_check(monkeypatch, tmp_path):
    """Return a function that makes `outcome` what the only check, of one unit, comes to."""
    monkeypatch.setenv("CNNBOOK_PROOFS", str(tmp_path))
    monkeypatch.delenv("FRESH", raising=False)

    def make(outcome, unit="one"):
        module = types.ModuleType("a_check")
        module.units, module.prove = (lambda: [Unit(unit)]), (lambda unit: outcome)
        monkeypatch.setitem(sys.modules, "a_check", module)
        monkeypatch.setattr(run_checks, "CHECKS", {"only": Check("a_check")})
        monkeypatch.setattr("sys.argv", ["run_checks"])

    return make


@pytest.mark.parametrize(
    ("ci", "outcome", "code"),
    [
        ("", Outcome(passed=1), 0),
        ("", Outcome(passed=1, skipped=1), 0),
        ("true", Outcome(passed=1), 0),
        ("true", Outcome(passed=1, skipped=1), 1),
        ("", Outcome(passed=5, failed=1), 1),
        ("", Outcome(), 1),
    ],
)
def test_the_table_says_what_failed_and_a_skip_fails_in_ci(
    monkeypatch, capsys, only_check, ci, outcome, code
):
    monkeypatch.setenv("CI", ci)
    only_check(outcome)
    assert run_checks.main() == code
    assert ("0 failed" in capsys.readouterr().out.splitlines()[-1]) == (code == 0)


def test_a_pass_is_proved_once_and_again_with_fresh(monkeypatch, capsys, only_check):
    def counts():
        assert run_checks.main() == 0
        row = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("only"))
        return row.split()[2:4]

    only_check(Outcome(passed=3))
    assert counts() == ["3", "0"]
    assert counts() == ["0", "3"]
    monkeypatch.setenv("FRESH", "1")
    assert counts() == ["3", "0"]


def test_a_failure_and_a_skip_are_never_remembered(only_check, capsys, monkeypatch):
    monkeypatch.setenv("CI", "")
    for name, outcome in {"a": Outcome(passed=2, failed=1), "b": Outcome(skipped=1)}.items():
        only_check(outcome, name)
        run_checks.main()
        only_check(Outcome(passed=1), name)
        assert run_checks.main() == 0
        assert "\n0 of these passed before" in capsys.readouterr().out


def test_a_unit_that_dies_fails_and_says_so(only_check, capsys, monkeypatch):
    import os

    only_check(None)
    monkeypatch.setattr(sys.modules["a_check"], "prove", lambda unit: os._exit(3))
    assert run_checks.main() == 1
    assert "ended without a word" in capsys.readouterr().out


def test_a_check_that_cannot_list_its_units_fails(only_check, capsys, monkeypatch):
    only_check(None)
    monkeypatch.setattr(sys.modules["a_check"], "units", lambda: 1 / 0)
    assert run_checks.main() == 1
    assert "not listed: ZeroDivisionError" in capsys.readouterr().out


def test_an_interrupt_ends_what_runs_and_keeps_what_passed(only_check, capsys, monkeypatch):
    only_check(Outcome(passed=1))

    def interrupt(jobs, ended, began, workers):
        (job,) = jobs
        job.outcome = Outcome(passed=1)
        ended(job)
        raise KeyboardInterrupt

    monkeypatch.setattr(run_checks.pool, "prove_all", interrupt)
    monkeypatch.setattr(run_checks.Progress, "ended", lambda *arguments: None)
    assert run_checks.main() == 130
    assert "what passed so far is remembered" in capsys.readouterr().out
    assert run_checks.main() == 0
    assert "1 of these passed before" in capsys.readouterr().out


def test_an_unknown_check_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run_checks", "nothing"])
    assert run_checks.main() == 2
    assert "there are lint, unit" in capsys.readouterr().out


def test_a_name_that_no_unit_has_is_refused(monkeypatch, capsys, only_check):
    only_check(Outcome(passed=1))
    monkeypatch.setattr("sys.argv", ["run_checks", "only", "--only", "two"])
    assert run_checks.main() == 2
    assert "no unit of only has 'two' in its name" in capsys.readouterr().out


def test_a_check_waits_for_those_whose_work_it_looks_at(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNBOOK_PROOFS", str(tmp_path))
    made = tmp_path / "made"
    first, second = types.ModuleType("first"), types.ModuleType("second")
    first.units, second.units = (lambda: [Unit("a")]), (lambda: [Unit(made.read_text())])

    def make(unit):
        made.write_text("what a made")
        return Outcome(passed=1)

    first.prove, second.prove = make, lambda unit: Outcome(passed=int(unit.name == "what a made"))
    for module in (first, second):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    checks = {"second": Check("second", after=("first",)), "first": Check("first")}
    monkeypatch.setattr(run_checks, "CHECKS", checks)
    assert run_checks.run(["second", "first"]) == 0


def test_what_was_compared_need_not_be_executed_for_the_book(monkeypatch, tmp_path):
    monkeypatch.setenv("CNNBOOK_PROOFS", str(tmp_path))
    monkeypatch.delenv("FRESH", raising=False)
    module = types.ModuleType("a_check")
    module.units, module.prove = (lambda: [Unit("a")]), (lambda unit: Outcome(failed=1))
    monkeypatch.setitem(sys.modules, "a_check", module)
    monkeypatch.setattr(run_checks, "CHECKS", {"outputs": Check("a_check", proved_by="chapters")})
    monkeypatch.setattr(run_checks, "OUTPUTS", run_checks.CHECKS["outputs"])
    assert run_checks.run(["outputs"]) == 1
    Memory(tmp_path).remember("chapters", Unit("a"), Outcome(passed=1), set(), 0.0)
    assert run_checks.run(["outputs"]) == 0


def test_without_a_browser_the_command_to_type_is_printed_and_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(chromium.subprocess, "run", lambda *a, **k: pytest.fail("it ran a command"))
    outcome = browser.prove(Unit(browser.SITE))
    assert (outcome.passed, outcome.failed, outcome.skipped) == (0, 0, 1)
    assert "sudo apt-get install chromium" in outcome.notes[0]


def test_only_a_pass_can_be_remembered(tmp_path):
    with pytest.raises(ValueError, match="did not pass"):
        Memory(tmp_path).remember("check", Unit("a"), Outcome(passed=1, failed=1), set(), 0.0)
