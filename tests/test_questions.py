"""The short questions of the appendix: every answer is computed by the cell that it names."""

import json

import pytest
import yaml

from scripts.paths import ROOT, chapters

ASKED = yaml.safe_load((ROOT / "guide" / "questions.yml").read_text(encoding="utf-8"))
QUESTIONS = [(chapter, question) for chapter, asked in ASKED.items() for question in asked]


def text_of(chapter: str, cell: str) -> str:
    """Return a cell's code and what it printed."""
    notebook = json.loads((ROOT / "chapters" / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    (found,) = [c for c in notebook["cells"] if c["id"] == cell]
    printed = ["".join(output.get("text", [])) for output in found["outputs"]]
    return "".join(found["source"]) + "\n".join(printed)


@pytest.mark.parametrize("chapter, question", QUESTIONS, ids=[q["cell"] for _, q in QUESTIONS])
def test_the_answer_stands_in_the_cell_that_it_names(chapter, question):
    text = text_of(chapter, question["cell"])
    assert question["shows"]
    for shown in question["shows"]:
        assert shown in text, f"{chapter}, cell {question['cell']} does not show {shown!r}"


def test_every_chapter_is_asked_about_and_no_question_twice():
    assert list(ASKED) == [path.stem for path in chapters()]
    assert min(map(len, ASKED.values())) >= 4
    asked = [question["ask"] for _, question in QUESTIONS]
    assert len(set(asked)) == len(asked) >= 60


def test_questions_ask_and_answers_answer():
    for _, question in QUESTIONS:
        assert question["ask"].endswith("?"), question["ask"]
        assert question["answer"].endswith("."), question["answer"]
        assert set(question) == {"ask", "answer", "cell", "shows"}
