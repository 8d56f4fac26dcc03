"""Proof that the checks can fail: each damage to a copy of the project turns its check red.

The copy has a book of its own, tests/small, so that no damage depends on what a chapter says. Every
damage is tried where the check was green, and the check must fail with the words that name the
damage, not for some other reason.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cnnbook.forked import trace
from scripts.paths import ROOT
from scripts.proof.memory import is_source

BOOK = ("_toc.yml", "index.md", "chapters", "exercises", "guide", "results", "solutions")
SMALL = Path(__file__).with_name("small")


@pytest.fixture
def project(tmp_path):
    """A copy of the project with a small book in the place of the book."""
    copy = tmp_path / "project"
    copy.mkdir()
    # By a command: what is only copied does not count as read by whoever follows this test.
    names = [path for path in ROOT.iterdir() if is_source(path.name) and path.name not in BOOK]
    subprocess.run(["cp", "-a", *names, *SMALL.iterdir(), copy], check=True)
    return copy


@pytest.fixture
def chapter(project):
    """The copy's only chapter."""
    assert check(project, "chapters")[0] == 0, "green before the damage"
    return project / "chapters" / "01_ramp.ipynb"


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
        assert "2.0" in output["text"][0]
        output["text"][0] = output["text"][0].replace("2.0", "2.1", 1)

    edit(chapter, alter)
    code, words = check(project, "chapters")
    assert code == 1
    assert "2.1" in words
    assert "mismatch" in words.lower() or "disagree" in words.lower()


def test_a_chapter_with_nothing_to_compare_is_found(project, chapter):
    edit(chapter, lambda cells: [c.update(outputs=[]) for c in cells if "outputs" in c])
    code, words = check(project, "chapters")
    assert code == 1
    assert "compares nothing" in words


def test_an_edited_release_is_found(project):
    release = project / "exercises" / "01_ramp" / "ramp.ipynb"
    assert check(project, "release")[0] == 0, "green before the damage; run make exercises"
    replace(release, "How many places?", "How many places??")
    code, words = check(project, "release")
    assert code == 1
    assert "ramp.ipynb: differs" in words


def test_a_misconception_that_passes_is_found(project):
    answers = project / "solutions" / "01_ramp" / "misconceptions.py"
    assert check(project, "misconceptions")[0] == 0, "green before the damage"
    replace(answers, '@right("the last place', '@wrong(hint="?", name="the last place')
    code, words = check(project, "misconceptions")
    assert code == 1
    assert "the wrong answer 'the last place, and one for the first' got full marks" in words


def test_an_alternative_answer_that_fails_is_found(project):
    answers = project / "solutions" / "01_ramp" / "misconceptions.py"
    replace(answers, "start + kernel_size <= n", "start + kernel_size < n")
    code, words = check(project, "misconceptions")
    assert code == 1
    assert "the right answer 'slides and counts' got 0 of 3" in words


def test_too_few_misconceptions_are_found(project):
    answers = project / "solutions" / "01_ramp" / "misconceptions.py"
    text = answers.read_text(encoding="utf-8")
    start, end = text.index("# Wrong ones"), text.index("# Right ones")
    answers.write_text(text[:start] + text[end:], encoding="utf-8")
    code, words = check(project, "misconceptions")
    assert code == 1
    assert "places: has 0 wrong and 2 right answers" in words


def test_a_release_that_gives_points_away_is_found(project):
    release = project / "exercises" / "01_ramp" / "ramp.ipynb"
    replace(release, "raise NotImplementedError()", "return n - kernel_size + 1")
    code, words = check(project, "misconceptions")
    assert code == 1
    assert "places: the untouched release earns 3" in words


def test_a_broken_cross_reference_is_found(project):
    replace(project / "index.md", "(chapters/01_ramp.ipynb)", "(chapters/02_ramp.ipynb)")
    code, words = check(project, "book")
    assert code == 1
    assert "chapters/02_ramp.ipynb" in words


def test_a_figure_without_alt_text_is_found(project):
    source = ["import matplotlib.pyplot as plt\n", "plt.plot([1, 2])\n", "plt.show()"]
    path = project / "chapters" / "01_ramp.ipynb"
    assert check(project, "book")[0] == 0
    assert check(project, "pages")[0] == 0, "green before the damage"
    edit(path, lambda cells: code_cell(cells, "plots.bars").update(source=source))
    assert check(project, "book")[0] == 0
    code, words = check(project, "pages")
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
    solution = project / "solutions" / "01_ramp" / "ramp.ipynb"
    replace(solution, "return n - kernel_size + 1", "return n - kernel_size")
    code, words = check(project, "validate", "solutions/01_ramp")
    assert code == 1
    assert "solutions/01_ramp/ramp.ipynb: expected 'Success!" in words


def test_a_release_that_holds_the_solution_is_found(project):
    shutil.copy(*(project / kind / "01_ramp" / "ramp.ipynb" for kind in ("solutions", "exercises")))
    code, words = check(project, "validate", "exercises/01_ramp")
    assert code == 1
    assert "exercises/01_ramp/ramp.ipynb: expected 'VALIDATION FAILED'" in words


def test_an_untidy_notebook_is_found(project):
    path = project / "chapters" / "01_ramp.ipynb"
    edit(
        path, lambda cells: cells[0].update(source=["# One. Two.\n", "\n", "A sentence. Another."])
    )
    code, words = check(project, "lint", "tidy")
    assert code == 1
    assert "not tidy" in words
