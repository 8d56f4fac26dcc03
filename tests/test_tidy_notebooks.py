"""The one form in which notebooks are committed."""

import copy
import json
import subprocess
import sys

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.one_sentence_per_line import one_sentence_per_line, rendered
from scripts.paths import ROOT
from scripts.tidy_notebooks import dump, tidy


def notebook(*cells):
    return {"cells": list(cells), "metadata": {"colab": {}}, "nbformat": 4, "nbformat_minor": 2}


def code(source="1", outputs=(), **more):
    return {
        "cell_type": "code",
        "execution_count": 3,
        "metadata": {"ExecuteTime": {}, "tags": ["hide-input"]},
        "outputs": list(outputs),
        "source": source,
        **more,
    }


def markdown(source, **more):
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def test_image_bytes_go_and_text_stays():
    output = {
        "output_type": "display_data",
        "data": {"image/png": "iVBOR", "text/plain": "[Figure]", "text/html": "<b>x</b>"},
        "metadata": {"image/png": {"width": 5}},
    }
    (cell,) = tidy(notebook(code(outputs=[output])))["cells"]
    assert cell["outputs"][0]["data"] == {"text/plain": ["[Figure]"], "text/html": ["<b>x</b>"]}
    assert cell["outputs"][0]["metadata"] == {}
    assert cell["execution_count"] == 3


def test_a_stream_is_one_output_however_it_was_chopped_up():
    def stream(name, text):
        return {"output_type": "stream", "name": name, "text": text}

    outputs = [stream("stdout", "a\n"), stream("stdout", ["b", "c\n"]), stream("stderr", "d")]
    (cell,) = tidy(notebook(code(outputs=outputs)))["cells"]
    assert [output["text"] for output in cell["outputs"]] == [["a\n", "bc\n"], ["d"]]


def test_only_metadata_that_means_something_stays():
    cell = code()
    cell["metadata"] |= {"nbgrader": {"grade": True}, "id": "x", "covers": ["2.1"], "mystnb": {}}
    (tidied,) = tidy(notebook(cell))["cells"]
    assert set(tidied["metadata"]) == {"tags", "nbgrader", "covers", "mystnb"}
    assert tidy(notebook(cell))["metadata"]["language_info"] == {"name": "python"}


def test_ids_stay_and_missing_or_repeated_ones_are_made_from_the_text():
    cells = tidy(notebook(code("1", id="mine"), code("2", id="mine"), code("3"), code("3")))[
        "cells"
    ]
    ids = [cell["id"] for cell in cells]
    assert ids[0] == "mine"
    assert len(set(ids)) == 4
    again = tidy(notebook(code("1", id="mine"), code("2"), code("3"), code("3")))["cells"]
    assert [cell["id"] for cell in again] == ids


def test_the_notebook_given_is_left_as_it_was():
    given_notebook = notebook(markdown("One. Two."), code())
    before = copy.deepcopy(given_notebook)
    tidy(given_notebook)
    assert given_notebook == before


def test_a_tidied_notebook_is_valid_and_tidying_again_changes_nothing():
    once = tidy(notebook(markdown("One. Two."), code("x\n\n", outputs=[])))
    nbformat.validate(nbformat.from_dict(once))
    assert dump(tidy(json.loads(dump(once)))) == dump(once)


def test_check_fails_on_an_untidy_notebook_and_tidying_mends_it(tmp_path):
    path = tmp_path / "untidy.ipynb"
    path.write_text(json.dumps(notebook(markdown("One. Two."), code())))
    command = [sys.executable, "-m", "scripts.tidy_notebooks"]
    assert subprocess.run([*command, "--check", path], cwd=ROOT).returncode == 1
    assert subprocess.run([*command, path], cwd=ROOT).returncode == 0
    assert subprocess.run([*command, "--check", path], cwd=ROOT).returncode == 0


SPLIT = {
    "One. Two? Three! Four": "One.\nTwo?\nThree!\nFour",
    "See e.g. Fig. 3 vs. K. He et al. Next.": "See e.g. Fig. 3 vs. K. He et al. Next.",
    "It is 3.5 wide. So.": "It is 3.5 wide.\nSo.",
    "`a. B` and $x. Y$ stay. Then.": "`a. B` and $x. Y$ stay.\nThen.",
    '"Quoted." Next (in brackets.) End.': '"Quoted."\nNext (in brackets.)\nEnd.',
    "**Bold.** Next. *It.* X": "**Bold.**\nNext.\n*It.*\nX",
    "- Item one. More.\n- Two": "- Item one.\n  More.\n- Two",
    "> Quote. Same.": "> Quote.\n> Same.",
    "1. First. Then.\n2. Second.": "1. First.\n   Then.\n2. Second.",
    "A list follows. 1. not a list": "A list follows. 1. not a list",
    "Line one\ncontinues. Next.": "Line one continues.\nNext.",
    "Hard break  \nstays. As is.": "Hard break  \nstays. As is.",
    "[A link. Here](x. Y). Next.": "[A link.\nHere](x. Y).\nNext.",
}


@pytest.mark.parametrize("text", SPLIT)
def test_sentences_are_found(text):
    assert one_sentence_per_line(text) == SPLIT[text]


UNTOUCHED = [
    "# A heading. With a stop.",
    "```python\nx = 1. + 2.  # A. B\n```",
    "$$\na. B\n$$",
    "| a. B | c |\n|---|---|\n| d. E | f |",
    '<div class="x">',
    "    indented. Code.",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_is_not_prose_stays_as_it_is(text):
    assert one_sentence_per_line(text) == text


pieces = st.sampled_from(
    [
        "One. Two", "e.g. This. That", "`a. B`", "$c. D$", "\n", "\n\n", "- ", "> ", "1. ", "# ",
        "* ", "x", ". ", "? A", "| a | B. C |", "```\n", "$$\n", "<div>\n", "**b.** C", "  ", "+ ",
        "(a)=\n", "[l. M](u)", "![i. J](k)", "---\n", ": d. E", "    x. Y", "<b>. C",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=12).map("".join))
def test_splitting_sentences_twice_changes_nothing_more(text):
    once = one_sentence_per_line(text)
    assert one_sentence_per_line(once) == once


@given(st.lists(pieces, max_size=12).map("".join))
def test_splitting_sentences_does_not_change_the_page(text):
    assert rendered(one_sentence_per_line(text)) == rendered(text)
