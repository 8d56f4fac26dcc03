"""Proof that the tests of every assignment tell right answers from wrong ones.

Every wrong answer in `misconceptions.py` must lose points, every right one must get them all,
and the untouched release must score zero.
"""

import dataclasses

from cnnbook.grading.assignment import read_assignment
from cnnbook.grading.misconceptions import Answer, load_answers
from scripts.checks.answers import Runner, as_payload, as_question
from scripts.paths import ROOT, solutions
from scripts.proof.unit import Outcome, Unit

LEAST_WRONG, LEAST_RIGHT = 8, 2
SPOILS_ITS_ARGUMENTS = """
import functools, inspect, torch

def spoiling(answer):
    @functools.wraps(answer)
    def spoils(*given, **named):
        result = answer(*given, **named)
        for value in (*given, *named.values()):
            if isinstance(value, torch.Tensor):
                value.data.zero_()
            elif isinstance(value, list | dict):
                value.clear()
        return result

    return spoils

if inspect.isfunction({name}):
    {name} = spoiling({name})
"""


def units() -> list[Unit]:
    """Return a unit for each question, and one for each assignment: no answer is without question."""
    found = []
    for notebook in solutions():
        assignment = notebook.parent.name
        setup, questions = read_assignment(notebook)
        stub_setup, stubs = read_assignment(ROOT / "exercises" / assignment / notebook.name)
        released = {stub.name: stub for stub in stubs}
        answers = load_answers(notebook.parent / "misconceptions.py")
        for question in questions:
            stub = released.get(question.name)
            payload = {
                "setup": setup,
                "question": as_payload(question),
                "answers": [
                    dataclasses.asdict(answer)
                    for answer in answers
                    if answer.question == question.name
                ],
                "release": stub and {"setup": stub_setup, "question": as_payload(stub)},
            }
            found.append(Unit(f"{assignment}/{question.name}", payload))
        names = {"answered": sorted({answer.question for answer in answers})}
        names["asked"] = sorted(question.name for question in questions)
        found.append(Unit(f"{assignment}/(names)", names, seconds=1))
    return found


def prove(unit: Unit) -> Outcome:
    """Try every answer to a question."""
    if "answered" in unit.payload:
        strangers = sorted(set(unit.payload["answered"]) - set(unit.payload["asked"]))
        return _outcome([f"{name}: there is no such question" for name in strangers], 1)
    question = as_question(unit.payload["question"])
    answers = [Answer(**answer) for answer in unit.payload["answers"]]
    runner = Runner(unit.payload["setup"], question)
    problems = _too_few(question.name, answers)
    reference = Answer(question.name, "the solution itself", question.source, None)
    for answer in [reference, *answers]:
        if answer.is_right:
            earned = runner.points(answer.source)
            if earned != question.points:
                problems.append(
                    f"{question.name}: the right answer {answer.name!r} got {earned:g} "
                    f"of {question.points:g}"
                )
        elif runner.is_full(answer.source):
            problems.append(f"{question.name}: the wrong answer {answer.name!r} got full marks")
        elif runner.is_full(answer.source + SPOILS_ITS_ARGUMENTS.format(name=question.name)):
            problems.append(
                f"{question.name}: the wrong answer {answer.name!r} gets full marks where it empties "
                "its arguments: a later check compares with what it emptied"
            )
    problems += _given_away(unit.payload["release"], question.name)
    return _outcome(problems, 2 + len(answers))


def _too_few(name: str, answers: list[Answer]) -> list[str]:
    right = sum(answer.is_right for answer in answers)
    wrong = len(answers) - right
    if wrong >= LEAST_WRONG and right >= LEAST_RIGHT:
        return []
    return [
        f"{name}: has {wrong} wrong and {right} right answers; "
        f"at least {LEAST_WRONG} and {LEAST_RIGHT} are needed"
    ]


def _given_away(release: dict | None, name: str) -> list[str]:
    if release is None:
        return [f"{name}: is not in the release; run make exercises"]
    stub = as_question(release["question"])
    earned = Runner(release["setup"], stub).points(stub.source)
    return [f"{name}: the untouched release earns {earned:g}"] * bool(earned)


def _outcome(problems: list[str], tried: int) -> Outcome:
    for problem in problems:
        print(problem)
    return Outcome(passed=max(0, tried - len(problems)), failed=len(problems))
