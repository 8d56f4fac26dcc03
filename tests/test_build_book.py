"""Each chapter is executed once, by strict nbval or by the build, and the book shows what came out."""

import os
import subprocess
import sys

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_notebook, new_output

from scripts import build_book, keep_executed
from scripts.paths import ROOT

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book without chapters, in an empty folder."""
    (tmp_path / "chapters").mkdir()
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    for name in ("CACHE", "DOCTREES", "FINGERPRINT"):
        monkeypatch.setattr(build_book, name, tmp_path / "_build" / name)
    monkeypatch.setattr(build_book, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(build_book, "code_fingerprint", lambda: "code")
    monkeypatch.setattr(
        build_book, "chapters", lambda: sorted((tmp_path / "chapters").glob("*.ipynb"))
    )
    return tmp_path


def write(path, *cells):
    """Write a notebook of cells and of what they printed when it was committed."""
    parts = [
        new_code_cell(
            source, execution_count=1, outputs=[new_output("stream", text=text)] * bool(text)
        )
        for source, text in cells
    ]
    nbformat.write(new_notebook(cells=parts, metadata=KERNEL), path)
    return path


def kept(path) -> list[str] | None:
    """Return what the cells of a chapter printed when it was executed for the book."""
    cache = get_cache(build_book.CACHE)
    try:
        record = cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return None
    cells = cache.get_cache_bundle(record.pk).nb.cells
    return ["".join(output.text for output in cell.outputs) for cell in cells]


def test_the_build_executes_what_it_lacks_and_leaves_failures_to_sphinx(book):
    good = write(book / "chapters" / "1.ipynb", ("x = 2", ""), ("print(x + 1)", "old"))
    bad = write(book / "chapters" / "2.ipynb", ("1 / 0", ""))
    build_book.execute_chapters()
    assert kept(good) == ["", "3\n"]
    assert kept(bad) is None


def test_what_nbval_executed_is_not_executed_again(book, tmp_path, monkeypatch):
    good = write(
        book / "chapters" / "1.ipynb", ("x = 0x123456", ""), ("print(hex(x))", "0x654321\n")
    )
    bad = write(book / "chapters" / "2.ipynb", ("print(1)", "2\n"))
    executed = tmp_path / "executed"
    executed.mkdir()
    subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "-p", "scripts.keep_executed",
            "--nbval", "--nbval-sanitize-with", str(ROOT / "tests/nbval.cfg"), str(good), str(bad),
        ],
        cwd=ROOT, env={**os.environ, keep_executed.FOLDER: str(executed)},
    )  # fmt: skip
    assert [path.name for path in executed.iterdir()] == ["1.ipynb"]
    build_book.keep_outputs([executed / path.name for path in (good, bad)])
    assert kept(good) == ["", "0x123456\n"]
    assert kept(bad) is None

    bad.unlink()
    monkeypatch.setattr(build_book, "single_nb_execution", None)  # calling it would fail
    build_book.execute_chapters()


def test_outputs_of_other_code_are_forgotten_before_new_ones_are_kept(book, monkeypatch):
    one, two = (write(book / "chapters" / f"{n}.ipynb", (f"print({n})", f"{n}\n")) for n in (1, 2))
    build_book.keep_outputs([one])
    assert kept(one) == ["1\n"]
    monkeypatch.setattr(build_book, "code_fingerprint", lambda: "other code")
    build_book.keep_outputs([two, book / "chapters" / "not_executed.ipynb"])
    assert kept(one) is None
    assert kept(two) == ["2\n"]
