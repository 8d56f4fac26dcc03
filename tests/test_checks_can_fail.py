"""Proof that the checks can fail: each damage to a copy of the project turns its check red.

Every damage is tried on a copy whose check was green, and the check must fail with the words
that name the damage, not for some other reason.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from cnnbook.forked import trace
from scripts.paths import ROOT
from scripts.proof.memory import is_source

SHORT = 16  # cells of a chapter that are enough to damage


@pytest.fixture
def project(tmp_path):
    """A copy of the project, without what was installed and rendered."""
    copy = tmp_path / "project"
    copy.mkdir()
    # By a command: what is only copied does not count as read by whoever follows this test.
    names = [path for path in ROOT.iterdir() if is_source(path.name)]
    subprocess.run(["cp", "-a", *names, copy], check=True)
    return copy


def check(project, name, only=""):
    """Run one check of the copy, or a unit of it, and return its exit code and its words."""
    environment = {**os.environ, "CNNBOOK_PROOFS": str(project.parent / "proofs")}
    follow = project / "scripts" / "proof" / "follow"
    environment["PYTHONPATH"] = os.pathsep.join([str(project), str(follow)])
    if followed := environment.get(trace.VARIABLE):  # what the copy reads counts as read
        environment[trace.VARIABLE] = f"{followed.split(os.pathsep)[0]}{os.pathsep}{project}"
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run_checks", name, "--only", only],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def edit(path, change):
    """Apply a change to a notebook's cells."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook["cells"])
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")


def replace(path, old, new):
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def chapter(project):
    """The copy's only chapter, cut to its first cells so that it runs in a moment."""
    path = project / "chapters" / "02_convolution.ipynb"
    for other in path.parent.glob("*.ipynb"):
        if other != path:
            other.unlink()
    edit(path, lambda cells: cells.__delitem__(slice(SHORT, None)))
    assert check(project, "chapters")[0] == 0, "green before the damage"
    return path


@pytest.fixture
def quick_book(project):
    """The copy, with chapters in which every code cell does nothing: it is rendered in a moment."""

    def blank(cells):
        for cell in cells:
            if cell["cell_type"] == "code":
                cell.update(source=["pass"], outputs=[])

    for path in project.glob("chapters/*.ipynb"):
        edit(path, blank)
    return project


def code_cell(cells, text):
    return next(c for c in cells if c["cell_type"] == "code" and text in "".join(c["source"]))


def test_a_chapter_cell_that_raises_is_found(project, chapter):
    edit(chapter, lambda cells: code_cell(cells, "here:")["source"].append("\n1 / 0"))
    code, words = check(project, "chapters")
    assert code == 1
    assert "ZeroDivisionError" in words


def test_one_altered_digit_in_a_committed_output_is_found(project, chapter):
    def alter(cells):
        (output,) = code_cell(cells, "here:")["outputs"]
        assert "8.0" in output["text"][0]
        output["text"][0] = output["text"][0].replace("8.0", "8.1", 1)

    edit(chapter, alter)
    code, words = check(project, "chapters")
    assert code == 1
    assert "8.1" in words
    assert "mismatch" in words.lower() or "disagree" in words.lower()


def test_a_chapter_with_nothing_to_compare_is_found(project, chapter):
    edit(chapter, lambda cells: [c.update(outputs=[]) for c in cells if "outputs" in c])
    code, words = check(project, "chapters")
    assert code == 1
    assert "compares nothing" in words


def test_an_edited_release_is_found(project):
    release = project / "exercises" / "02_convolution" / "convolution.ipynb"
    replace(release, "What size comes out?", "What size comes out??")
    code, words = check(project, "release", "02_convolution")
    assert code == 1
    assert "convolution.ipynb: differs" in words


def test_a_misconception_that_passes_is_found(project):
    answers = project / "solutions" / "02_convolution" / "misconceptions.py"
    assert check(project, "misconceptions", "02_convolution/output_size")[0] == 0, "green before"
    replace(answers, '@right("puts the one inside', '@wrong(hint="?", name="puts the one inside')
    code, words = check(project, "misconceptions", "02_convolution/output_size")
    assert code == 1
    assert "the wrong answer 'puts the one inside the division' got full marks" in words


def test_an_alternative_answer_that_fails_is_found(project):
    answers = project / "solutions" / "02_convolution" / "misconceptions.py"
    replace(answers, "    while start + dilation", "    while 1 + start + dilation")
    code, words = check(project, "misconceptions", "02_convolution/output_size")
    assert code == 1
    assert "the right answer 'walks and counts' got" in words


def test_too_few_misconceptions_are_found(project):
    answers = project / "solutions" / "02_convolution" / "misconceptions.py"
    text = answers.read_text(encoding="utf-8")
    start, end = text.index("# 7 ·"), text.index('@right("writes the whole table")')
    answers.write_text(text[:start] + text[end:], encoding="utf-8")
    code, words = check(project, "misconceptions", "02_convolution/knob_table")
    assert code == 1
    assert "knob_table: has 0 wrong and 2 right answers" in words


def test_a_release_that_gives_points_away_is_found(project):
    release = project / "exercises" / "02_convolution" / "convolution.ipynb"
    edit(release, lambda cells: code_cell(cells, "corrected_cells").update(source=["pass"]))
    code, words = check(project, "misconceptions", "02_convolution/knob_table")
    assert code == 1
    assert "the untouched release earns 2" in words


def test_a_broken_cross_reference_is_found(quick_book):
    replace(quick_book / "index.md", "(guide/exercises.md)", "(guide/exercizes.md)")
    code, words = check(quick_book, "book")
    assert code == 1
    assert "guide/exercizes.md" in words


def test_a_figure_without_alt_text_is_found(quick_book):
    assert check(quick_book, "book")[0] == 0, "green before the damage"
    source = ["import matplotlib.pyplot as plt\n", "plt.plot([1, 2])\n", "plt.show()"]
    path = quick_book / "chapters" / "02_convolution.ipynb"
    edit(path, lambda cells: code_cell(cells, "pass").update(source=source))
    code, words = check(quick_book, "book")
    assert code == 0
    code, words = check(quick_book, "pages")
    assert code == 1
    assert "figure without alt text" in words


def test_a_figure_of_the_book_cannot_be_made_without_alt_text(project, chapter):
    def blank(cells):
        source = ["plots.bars({'a': 1}, xlabel='x', alt='')"]
        cells.append({**code_cell(cells, "here:"), "id": "blank", "outputs": [], "source": source})

    edit(chapter, blank)
    code, words = check(project, "chapters")
    assert code == 1
    assert "say in a sentence what there is to see" in words


def test_a_solution_that_fails_its_own_tests_is_found(project):
    solution = project / "solutions" / "02_convolution" / "convolution.ipynb"
    replace(solution, "total = dilation * (kernel_size - 1)", "total = kernel_size - 1")
    code, words = check(project, "validate", "solutions/02_convolution/convolution.ipynb")
    assert code == 1
    assert "solutions/02_convolution/convolution.ipynb: expected 'Success!" in words


def test_a_release_that_holds_the_solution_is_found(project):
    names = [
        project / kind / "02_convolution" / "convolution.ipynb"
        for kind in ("solutions", "exercises")
    ]
    shutil.copy(*names)
    code, words = check(project, "validate", "exercises/02_convolution/convolution.ipynb")
    assert code == 1
    assert "exercises/02_convolution/convolution.ipynb: expected 'VALIDATION FAILED'" in words


def test_an_untidy_notebook_is_found(project):
    path = project / "chapters" / "02_convolution.ipynb"
    edit(
        path, lambda cells: cells[0].update(source=["# One. Two.\n", "\n", "A sentence. Another."])
    )
    code, words = check(project, "lint", "tidy")
    assert code == 1
    assert "not tidy" in words
