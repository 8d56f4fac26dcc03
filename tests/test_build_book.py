"""Each chapter is executed once, by strict nbval or for the build, and the book shows what came out."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_cache import get_cache
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from scripts import build_book, nbval_keep_outputs
from scripts.checks import book as book_check
from scripts.checks import chapters, outputs
from scripts.checks.notebook import code_cells
from scripts.paths import ROOT
from scripts.proof.memory import Memory
from scripts.proof.unit import Outcome, Unit

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book without chapters, in an empty folder."""
    (tmp_path / "chapters").mkdir()
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    for name in ("CACHE", "DOCTREES", "STATE"):
        monkeypatch.setattr(build_book, name, tmp_path / "_build" / name)
    for module in (build_book, chapters):
        monkeypatch.setattr(
            module, "chapters", lambda: sorted((tmp_path / "chapters").glob("*.ipynb"))
        )
    monkeypatch.setattr(build_book, "vendor_mathjax", lambda: None)
    (tmp_path / "_build").mkdir()
    return tmp_path


def write(path: Path, *cells) -> Path:
    """Write a notebook: a sentence, and cells with what they printed when it was committed."""
    parts = [new_markdown_cell("A sentence.")] + [
        new_code_cell(
            source, execution_count=1, outputs=[new_output("stream", text=text)] * bool(text)
        )
        for source, text in cells
    ]
    nbformat.write(new_notebook(cells=parts, metadata=KERNEL), path)
    return path


def executed(path: Path, *printed: str) -> Path:
    """Write what came out of a chapter's code cells."""
    cells = [new_code_cell("", outputs=[new_output("stream", text=text)]) for text in printed]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
    return path


def shown(path: Path) -> list[str] | None:
    """Return what Sphinx will show of the cells of a chapter."""
    cache = get_cache(build_book.CACHE)
    try:
        record = cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return None
    cells = cache.get_cache_bundle(record.pk).nb.cells
    return ["".join(o.text for o in cell.outputs) for cell in cells if cell.cell_type == "code"]


def test_outputs_are_executed_in_an_empty_folder_and_kept(tmp_path):
    code = "import os\nprint(len(os.listdir()), 1 + 1)"
    path = write(tmp_path / "1.ipynb", (code, "old"))
    outcome = outputs.prove(Unit("1", code_cells(path)))
    assert outcome.passed == 1
    (cell,) = nbformat.read(outcome.artifact, as_version=4).cells
    assert cell.outputs[0].text == "1 2\n"  # the notebook itself is the only file


def test_a_chapter_that_fails_says_why(tmp_path, capsys):
    outcome = outputs.prove(Unit("1", code_cells(write(tmp_path / "1.ipynb", ("1 / 0", "")))))
    assert (outcome.failed, outcome.artifact) == (1, None)
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_what_nbval_executed_is_kept_if_it_came_out_as_committed(tmp_path):
    good = write(tmp_path / "1.ipynb", ("x = 0x123456", ""), ("print(hex(x))", "0x654321\n"))
    bad = write(tmp_path / "2.ipynb", ("print(1)", "2\n"))
    kept = tmp_path / "kept"
    kept.mkdir()
    subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "-p", "scripts.nbval_keep_outputs",
            "--nbval", "--nbval-sanitize-with", str(ROOT / "tests/nbval.cfg"), str(good), str(bad),
        ],
        cwd=ROOT, env={**os.environ, nbval_keep_outputs.FOLDER: str(kept)},
    )  # fmt: skip
    assert [path.name for path in kept.iterdir()] == ["1.ipynb"]
    code = [c for c in nbformat.read(kept / "1.ipynb", as_version=4).cells if c.cell_type == "code"]
    assert code[1].outputs[0].text == "0x123456\n"


def test_the_book_shows_the_outputs_of_either_check_and_of_no_older_code(book, monkeypatch):
    path = write(book / "chapters" / "1.ipynb", ("print(1)", "old"))
    memory = Memory(book / "proofs", root=book)
    (unit,) = chapters.units()
    assert book_check.executed(memory) == {}
    for check in ("outputs", "chapters"):
        kept = executed(book / f"{check}.ipynb", check)
        memory.remember(check, unit, Outcome(passed=1, artifact=kept), set(), 0.0)
        found = {name: Path(at) for name, at in book_check.executed(memory).items()}
        build_book.show(found, {})
        assert shown(path) == [check]
    changed = write(path, ("print(2)", "old"))
    assert book_check.executed(memory) == {}
    build_book.show({}, {})
    assert shown(changed) is None


def test_a_page_whose_outputs_changed_is_read_again_and_no_other(book):
    paths = [write(book / "chapters" / f"{n}.ipynb", (f"print({n})", "")) for n in (1, 2)]
    trees = [build_book.DOCTREES / "chapters" / f"{n}.doctree" for n in (1, 2)]
    first = {path.stem: executed(book / f"{path.stem}-a.ipynb", "a") for path in paths}
    build_book.show(first, {})
    trees[0].parent.mkdir(parents=True)
    for tree in trees:
        tree.write_text("")
    second = {**first, "2": executed(book / "2-b.ipynb", "b")}
    build_book.show(second, {name: path.name for name, path in first.items()})
    assert [tree.exists() for tree in trees] == [True, False]
    assert [shown(path) for path in paths] == [["a"], ["b"]]


def test_outputs_that_are_not_known_any_more_are_not_shown(book):
    path = write(book / "chapters" / "1.ipynb", ("print(1)", ""))
    build_book.show({"1": executed(book / "a.ipynb", "a")}, {})
    assert shown(path) == ["a"]
    build_book.show({}, {"1": "a.ipynb"})  # the code that it calls has changed
    assert shown(path) is None


def test_all_pages_are_read_again_when_anything_but_a_page_has_changed(book):
    (book / "page.md").write_text("A")
    (book / "extension.py").write_text("B")
    read = {name: build_book.hash_of(name) for name in ("page.md", "extension.py")}
    assert not build_book.needs_all_pages(read)
    assert build_book.needs_all_pages({}), "nothing is known"
    (book / "page.md").write_text("C")
    assert not build_book.needs_all_pages(read), "Sphinx sees it"
    (book / "extension.py").write_text("D")
    assert build_book.needs_all_pages(read)


def test_a_build_that_fails_leaves_nothing_that_the_next_one_trusts(book, monkeypatch):
    build_book.DOCTREES.mkdir()
    build_book.STATE.write_text('{"read": {}, "outputs": {}}')
    monkeypatch.setattr(build_book, "command_fails", lambda: True)
    assert not build_book.render({})
    assert not build_book.DOCTREES.exists()
    assert not build_book.STATE.exists()


def test_the_stamp_of_the_book_changes_with_any_file(book):
    page = book / "page.html"
    page.write_text("A")
    before = book_check.stamp(book)
    assert book_check.stamp(book) == before
    os.utime(page, (1, 1))
    assert book_check.stamp(book) != before
