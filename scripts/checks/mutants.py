"""Every reference solution, changed mechanically: its tests must notice.

Operators, comparisons, constants, pairs and statements are changed one at a time. A mutant that keeps
full marks must be listed in tests/equivalent_mutants.yml, with the reason why it is no mistake; a
listed one that does lose points, or is gone, is reported as well.
"""

import ast
import copy
import difflib
from collections.abc import Iterator
from typing import TypeGuard

import yaml

from cnnbook.grading.assignment import read_assignment
from scripts.checks.answers import Runner, as_payload, as_question
from scripts.paths import ROOT, solutions
from scripts.proof.unit import Outcome, Unit

LISTED = ROOT / "tests" / "equivalent_mutants.yml"
LEAST_SECONDS, TIMES = 1.0, 10  # for one mutant, beyond the solution's own time
OPERATORS: dict[type[ast.AST], list[type[ast.operator]]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Add, ast.FloorDiv], ast.Pow: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Div], ast.Div: [ast.Mult], ast.Mod: [ast.FloorDiv],
    ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd], ast.MatMult: [ast.Mult],
}  # fmt: skip
COMPARISONS: dict[type[ast.AST], list[type[ast.cmpop]]] = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In],
}  # fmt: skip


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a constant is a number; True and False are none."""
    return type(value) in (int, float)


def changes_of(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of one node of the tree."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in OPERATORS.get(type(node.op), ()):
            yield _with(node, op=other())
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for comparison in COMPARISONS.get(type(node.ops[0]), ()):
            yield _with(node, ops=[comparison()])
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    if isinstance(node, ast.UnaryOp):
        yield node.operand  # without its minus or not
    if isinstance(node, ast.Constant) and is_number(node.value):
        yield ast.Constant(node.value + 1)
        if node.value:
            yield ast.Constant(node.value - 1)
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.ctx, ast.Load):
        yield _with(node, elts=node.elts[::-1])  # swapped axes, sizes or results
    if isinstance(node, ast.Call) and node.keywords:
        for index in range(len(node.keywords)):
            yield _with(node, keywords=node.keywords[:index] + node.keywords[index + 1 :])
    if isinstance(node, ast.Slice) and node.step is not None:
        yield _with(node, step=None)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.If):
        yield ast.Pass()


def _with(node: ast.AST, **changed) -> ast.AST:
    made = copy.copy(node)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def mutants_of(source: str) -> Iterator[tuple[str, str]]:
    """Yield each mutant of a solution: what changed, in words, and its source."""
    tree = _without_docstrings(ast.parse(source))
    before, seen = ast.unparse(tree), set()
    for parent in list(ast.walk(tree)):
        for name, value in list(ast.iter_fields(parent)):
            places = enumerate(value) if isinstance(value, list) else [(None, value)]
            for index, node in places:
                if not isinstance(node, ast.AST):
                    continue
                for other in changes_of(node):
                    _put(parent, name, index, other)
                    after = ast.unparse(ast.fix_missing_locations(tree))
                    _put(parent, name, index, node)
                    if after != before and after not in seen:
                        seen.add(after)
                        yield _difference(before, after), after


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _difference(before: str, after: str) -> str:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    old: list[str] = []
    new: list[str] = []
    for line in lines:
        {"-": old, "+": new}.get(line[0], []).append(line[2:].strip())
    return f"{'; '.join(old)} → {'; '.join(new)}"


def units() -> list[Unit]:
    """Return a unit for each question, and one for what is listed of no question."""
    listed = yaml.safe_load(LISTED.read_text(encoding="utf-8")) or {}
    found, asked = [], []
    for notebook in solutions():
        assignment = notebook.parent.name
        setup, questions = read_assignment(notebook)
        for question in questions:
            payload = {
                "setup": setup,
                "question": as_payload(question),
                "equivalent": sorted(listed.get(assignment, {}).get(question.name, {})),
            }
            found.append(Unit(f"{assignment}/{question.name}", payload))
            asked.append(f"{assignment}/{question.name}")
    named = sorted(f"{place}/{name}" for place, names in listed.items() for name in names)
    return [*found, Unit("(names)", {"listed": named, "asked": asked}, seconds=1)]


def prove(unit: Unit) -> Outcome:
    """Try every mutant of a solution."""
    if "listed" in unit.payload:
        problems = sorted(set(unit.payload["listed"]) - set(unit.payload["asked"]))
        tried, lines = 1, [f"{name}: is listed, and there is no such question" for name in problems]
    else:
        lines, tried = problems_of(unit.payload)
    for line in lines:
        print(line)
    return Outcome(passed=max(0, tried - len(lines)), failed=len(lines))


def problems_of(payload: dict) -> tuple[list[str], int]:
    """Return a line for each mutant that is not noticed or wrongly listed, and how many were tried."""
    question, reasons = as_question(payload["question"]), payload["equivalent"]
    alive, tried = survivors(Runner(payload["setup"], question))
    lines = [f"{question.name}: nobody notices  {m}" for m in alive if m not in reasons]
    lines += [
        f"{question.name}: listed, but noticed or gone  {m}" for m in reasons if m not in alive
    ]
    return lines, tried


def survivors(runner: Runner) -> tuple[list[str], int]:
    """Return the mutants that keep full marks, and how many were tried.

    A mutant that needs many times the solution's time is noticed: it runs in circles.
    """
    limit = LEAST_SECONDS + TIMES * runner.cpu_seconds(runner.question.source)
    mutants = list(mutants_of(runner.question.source))
    alive = [change for change, source in mutants if runner.is_full(source, limit)]
    return alive, len(mutants)
