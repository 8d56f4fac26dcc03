"""The commands that users type."""

import os
import shutil
import subprocess
import urllib.request

import pytest

from scripts import build_book, chromium, lock_requirements, run_checks, serve
from scripts.paths import ROOT


def make(*arguments, cwd=ROOT, **environment):
    variables = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=cwd, env={**variables, **environment}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def empty_copy(tmp_path):
    """A project that has only what `make` needs to find out that Python is missing."""
    (tmp_path / "scripts").mkdir()
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "scripts/create_venv.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_make_alone_lists_the_targets():
    done = make()
    assert done.returncode == 0
    for target in ("book", "serve", "test", "lint", "exercises", "tidy", "grade-demo"):
        assert f"make {target} " in done.stdout


def test_a_missing_python_is_named(empty_copy):
    done = make("book", "PYTHON=python-that-is-not-there", cwd=empty_copy)
    assert done.returncode != 0
    assert "python-that-is-not-there was not found" in done.stderr
    assert "apt-get install python3" in done.stderr
    assert not (empty_copy / ".venv").exists()


@pytest.mark.parametrize(
    ("fails_at", "words"),
    [("version_info", "too old: Python 3.11"), ("ensurepip", "no venv module")],
)
def test_a_python_that_will_not_do_is_named(empty_copy, fails_at, words):
    python = empty_copy / "fake-python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *{fails_at}*) exit 1;; *--version*) echo Python 3.9.2;; esac\n'
    )
    python.chmod(0o755)
    done = make("book", f"PYTHON={python}", cwd=empty_copy)
    assert done.returncode != 0
    assert words in done.stderr
    assert not (empty_copy / ".venv").exists()


def test_a_change_in_the_package_makes_the_build_forget_its_outputs(tmp_path, monkeypatch):
    for name in ("CACHE", "DOCTREES"):
        folder = tmp_path / name
        monkeypatch.setattr(build_book, name, folder)
    monkeypatch.setattr(build_book, "BUILD", tmp_path)
    monkeypatch.setattr(build_book, "FINGERPRINT", tmp_path / "fingerprint")

    def kept_after(code):
        (tmp_path / "CACHE").mkdir(exist_ok=True)
        monkeypatch.setattr(build_book, "code_fingerprint", lambda: code)
        build_book.forget_outdated_outputs()
        return (tmp_path / "CACHE").exists()

    assert [kept_after("a"), kept_after("a"), kept_after("b"), kept_after("b")] == [
        False, True, False, True,
    ]  # fmt: skip


def test_the_fingerprint_is_of_the_package_and_the_requirements(tmp_path, monkeypatch):
    (tmp_path / "cnnbook").mkdir()
    module, pins = tmp_path / "cnnbook" / "a.py", tmp_path / "requirements.txt"
    module.write_text("x = 1")
    pins.write_text("torch==1")
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    before = build_book.code_fingerprint()
    module.write_text("x = 2")
    changed = build_book.code_fingerprint()
    pins.write_text("torch==2")
    assert len({before, changed, build_book.code_fingerprint()}) == 3


def test_the_server_listens_on_localhost_and_serves_the_folder(tmp_path, monkeypatch):
    import threading

    (tmp_path / "index.html").write_text("hello")
    monkeypatch.setattr(serve, "HTML", tmp_path)
    server = serve.book_server(0)
    assert server.server_address[0] == "127.0.0.1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://localhost:{server.server_port}/") as answer:
        assert answer.read() == b"hello"
    server.shutdown()


@pytest.mark.parametrize(
    ("ci", "outcome", "code"),
    [
        ("", run_checks.Outcome(passed=1), 0),
        ("", run_checks.Outcome(passed=1, skipped=1), 0),
        ("true", run_checks.Outcome(passed=1), 0),
        ("true", run_checks.Outcome(passed=1, skipped=1), 1),
        ("", run_checks.Outcome(passed=5, failed=1), 1),
        ("", run_checks.Outcome(), 1),
    ],
)
def test_the_table_says_what_failed_and_a_skip_fails_in_ci(monkeypatch, capsys, ci, outcome, code):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(run_checks, "CHECKS", {"only": lambda: outcome})
    monkeypatch.setattr("sys.argv", ["run_checks"])
    assert run_checks.main() == code
    assert ("0 failed" in capsys.readouterr().out.splitlines()[-1]) == (code == 0)


def test_an_unknown_check_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run_checks", "nothing"])
    assert run_checks.main() == 2
    assert "there are lint, unit" in capsys.readouterr().out


def test_without_a_browser_the_command_to_type_is_printed_and_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(chromium, "find_chromium", lambda: None)
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(chromium.subprocess, "run", lambda *a, **k: pytest.fail("it ran a command"))
    outcome = run_checks.browser()
    assert (outcome.passed, outcome.failed, outcome.skipped) == (0, 0, 1)
    assert "sudo apt-get install chromium" in outcome.notes[0]


def test_locking_keeps_what_is_asked_for_and_lists_what_that_needs():
    text = "# Head\n-e .\ntorch==1.0\nScikit_Image==1.0\n\n# Needed by these\nold==0.1\n"
    installed = {"torch": "2.0", "scikit-image": "3.0", "six": "1.16", "pip": "9", "cnnbook": "0.1"}
    assert lock_requirements.locked(text, installed) == (
        "# Head\n-e .\ntorch==2.0\nScikit_Image==3.0\n\n# Needed by these\nsix==1.16\n"
    )
