"""The form of the notebooks, and that nothing of the plan is missing from them."""

import json
import re

import pytest
import yaml

from scripts.compared_outputs import compared_outputs
from scripts.paths import ROOT, chapters, exercises, solutions

ALL = [*chapters(), *solutions(), *exercises()]
LONGEST_CELL = 15  # lines; the median is far lower
LEAST_PROSE = 1.7  # words of text for a word of code
ALT = re.compile(r'alt=f?("""|").*?\1', flags=re.S)  # alt text is prose that stands in code
IGNORED = "nbval-ignore-output"


def cells(path, kind=None):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if kind in (None, cell["cell_type"])]


def source(cell):
    return "".join(cell["source"])


def names(path):
    return f"{path.parent.parent.name}/{path.parent.name}/{path.stem}"


def coverage():
    return yaml.safe_load((ROOT / "tests" / "coverage.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ALL, ids=names)
def test_the_first_code_cell_makes_the_notebook_run_anywhere(path):
    setup = source(cells(path, "code")[0])
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    from cnnbook import __version__

    assert f"{repository}/archive/refs/tags/v{__version__}.zip" in setup, "the matching release"
    assert "except ModuleNotFoundError" in setup, "only where it is missing"
    assert "torch==" not in setup
    assert "numpy" not in setup
    assert "print(runtime.describe())" in setup


@pytest.mark.parametrize("path", chapters(), ids=names)
def test_a_chapter_opens_with_aims_and_closes_with_the_same_list_answered(path):
    def aims(cell):
        return len(re.findall(r"^\d+\. ", source(cell), flags=re.M))

    texts = cells(path, "markdown")
    opening = [cell for cell in texts[:3] if "you will be able to" in source(cell)]
    assert len(opening) == 1
    assert aims(opening[0]) == aims(texts[-1]) >= 4


@pytest.mark.parametrize("path", chapters(), ids=names)
def test_code_cells_are_short_and_prose_outweighs_them(path):
    lengths = sorted(len(cell["source"]) for cell in cells(path, "code"))
    assert lengths[len(lengths) // 2] <= 8, "median"
    assert lengths[-1] <= LONGEST_CELL
    prose = sum(len(source(cell).split()) for cell in cells(path, "markdown"))
    code = sum(len(ALT.sub("", source(cell)).split()) for cell in cells(path, "code"))
    assert prose > LEAST_PROSE * code


@pytest.mark.parametrize("path", chapters(), ids=names)
def test_the_reader_predicts_before_results(path):
    predictions = sum("**Predict" in source(cell) for cell in cells(path, "markdown"))
    assert predictions >= 10


@pytest.mark.parametrize("path", [*chapters(), *solutions()], ids=names)
def test_nbval_has_outputs_to_compare_and_ignored_cells_are_asserted_next(path):
    assert compared_outputs(path) > 0
    code = cells(path, "code")
    for cell, following in zip(code, [*code[1:], None], strict=True):
        if IGNORED in cell["metadata"].get("tags", []):
            assert following is not None
            assert re.search(r"^\s*assert ", source(following), flags=re.M)


@pytest.mark.parametrize("path", [*chapters(), *solutions()], ids=names)
def test_committed_outputs_hold_no_errors_and_no_warnings(path):
    for cell in cells(path, "code"):
        for output in cell["outputs"]:
            assert output["output_type"] != "error", cell["id"]
            assert output.get("name") != "stderr", cell["id"]
        assert cell["execution_count"] is not None, cell["id"]


@pytest.mark.parametrize("path", chapters(), ids=names)
def test_every_box_has_three_parts_and_names_who_says_it_or_nobody(path):
    for cell in cells(path, "markdown"):
        text = source(cell)
        if 'class="misconception"' in text:
            said, *others = re.split(r"\*\*(?:The evidence|Say instead)\.\*\*", text)
            assert len(others) == 2, cell["id"]
            assert ("**You will hear.**" in said) == ("{cite" in said), cell["id"]
            assert "**It is easy to think.**" in said or "{cite" in said, cell["id"]


@pytest.mark.parametrize("chapter", coverage())
def test_every_row_of_the_plan_has_a_cell(chapter):
    """tests/coverage.yml lists, for each chapter, what a cell of it must compute or refute."""
    planned = coverage()[chapter]
    rows = set(planned["rows"])
    found, boxed = set(), set()
    for cell in cells(ROOT / "chapters" / f"{chapter}.ipynb"):
        covers = set(cell["metadata"].get("covers", []))
        if cell["cell_type"] == "code":
            found |= covers
        elif 'class="misconception"' in source(cell):
            boxed |= covers
    assert rows - found == set(), "rows that no code cell covers"
    assert set(planned["misconceptions"]) - boxed == set(), "claims without a box"
    assert found | boxed <= rows | set(planned["misconceptions"]), "rows that the plan lacks"


@pytest.mark.parametrize("path", solutions(), ids=names)
def test_an_assignment_has_autograded_questions_and_a_written_one(path):
    graded = [
        cell["metadata"]["nbgrader"] for cell in cells(path) if "nbgrader" in cell["metadata"]
    ]
    answers = [g for g in graded if g["solution"] and not g["grade"]]
    written = [g for g in graded if g["solution"] and g["grade"]]
    assert len(answers) >= 5
    assert len(written) == 1
    assert "Rubric" in source(
        next(c for c in cells(path) if c["metadata"].get("nbgrader") == written[0])
    )


@pytest.mark.parametrize("path", exercises(), ids=names)
def test_a_release_gives_nothing_away(path):
    text = path.read_text(encoding="utf-8")
    for secret in ("BEGIN HIDDEN", "BEGIN SOLUTION", "Rubric", "model answer"):
        assert secret not in text
