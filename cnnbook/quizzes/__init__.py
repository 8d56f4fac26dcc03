"""Self-check quizzes: questions whose every answer says why it is right or wrong.

A quiz is plain HTML that needs no script and no kernel: an answer is a line that unfolds its reason.
The questions lie beside this file, one TOML file for each chapter; a question whose answer is a number
has a `check`, an expression that the tests compute.
"""

import html
import re
import tomllib
from importlib.resources import files

from cnnbook.figures import Interactive

__all__ = ["names", "questions", "quiz"]

STYLE = """:root .cnnbook-quiz { --paper: #fdfcf9; --ink: #222; --line: #77736a; --right: #007a58; --wrong: #b34700; }
html[data-theme="dark"] .cnnbook-quiz, [data-jp-theme-light="false"] .cnnbook-quiz, .vscode-dark .cnnbook-quiz, html[theme="dark"] .cnnbook-quiz { --paper: #16181b; --ink: #eceae4; --line: #8d897f; --right: #2fbf90; --wrong: #f08a3c; }
.cnnbook-quiz { background: var(--paper); color: var(--ink); border: 1px solid var(--line); padding: 0.2rem 1rem 0.8rem; max-width: 60rem; font: 15px/1.45 sans-serif; }
.cnnbook-quiz p { margin: 0.9rem 0 0.3rem; font-weight: bold; color: var(--ink); }
.cnnbook-quiz details { margin: 0.15rem 0; padding: 0.2rem 0.6rem; border-left: 4px solid var(--line); background: none; }
.cnnbook-quiz summary { cursor: pointer; min-height: 24px; }
.cnnbook-quiz details.right[open] { border-left-color: var(--right); }
.cnnbook-quiz details.wrong[open] { border-left-color: var(--wrong); }
@media print { .cnnbook-quiz.cnnbook-quiz { --paper: #fff; --ink: #000; break-inside: avoid; } }"""


def names() -> list[str]:
    """Return the names of all quizzes, which are those of their chapters."""
    found = (entry.name for entry in files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def questions(name: str) -> list[dict]:
    """Return a quiz's questions: `ask`, `answers` with `say`, `right` and `why`, perhaps `check`."""
    if name not in names():
        raise ValueError(f"name={name!r} is not allowed: it must be one of {', '.join(names())}")
    text = files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["question"]


def quiz(name: str) -> "Quiz":
    """Return the quiz of a chapter, to end a cell with."""
    return Quiz(name)


class Quiz(Interactive):
    """Questions with answers to unfold, as HTML; where there is none, a line that says so."""

    def __init__(self, name: str):
        self.asked = questions(name)
        super().__init__("quiz", f"A quiz of {len(self.asked)} questions.", {"name": name})

    def __repr__(self) -> str:
        return f"[{self.alt[:-1]}: open the page to answer them.]"

    @property
    def html(self) -> str:
        """The whole quiz: style, and for each question its answers as details that unfold."""
        parts = []
        for number, question in enumerate(self.asked, start=1):
            answers = "".join(_answer(answer) for answer in question["answers"])
            parts.append(f"<div><p>{number}. {_text(question['ask'])}</p>{answers}</div>")
        label = html.escape(self.alt)
        return (
            f"<style>{STYLE}</style>"
            f'<div class="cnnbook-quiz" role="group" aria-label="{label}">{"".join(parts)}</div>'
        )


def _answer(answer: dict) -> str:
    word = "right" if answer["right"] else "wrong"
    why = f"<strong>{word.capitalize()}.</strong> {_text(answer['why'])}"
    return f'<details class="{word}"><summary>{_text(answer["say"])}</summary>{why}</details>'


def _text(text: str) -> str:
    return re.sub(
        r"`([^`]+)`", r"<code>\1</code>", html.escape(" ".join(text.split()), quote=False)
    )
