"""The commands that users type."""

import os
import shutil
import subprocess
import urllib.request

import pytest

from scripts import lock_requirements, serve
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


def test_locking_keeps_what_is_asked_for_and_lists_what_that_needs():
    text = "# Head\n-e .\ntorch==1.0\nScikit_Image==1.0\n\n# Needed by these\nold==0.1\n"
    installed = {"torch": "2.0", "scikit-image": "3.0", "six": "1.16", "pip": "9", "cnnbook": "0.1"}
    assert lock_requirements.locked(text, installed) == (
        "# Head\n-e .\ntorch==2.0\nScikit_Image==3.0\n\n# Needed by these\nsix==1.16\n"
    )
