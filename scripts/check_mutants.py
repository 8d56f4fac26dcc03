"""Change every reference solution mechanically, and prove that its tests notice.

Operators, comparisons, constants, pairs and statements are changed one at a time. A mutant that keeps
full marks must be listed in tests/equivalent_mutants.yml, with the reason why it is no mistake; a
listed one that does lose points, or is gone, is reported as well. Run by `make test`.
"""

import argparse
import ast
import copy
import difflib
import sys
from collections.abc import Iterator

import yaml

from cnnbook.grading.assignment import Question, read_assignment
from scripts.check_misconceptions import scores
from scripts.paths import ROOT, solutions

LISTED = ROOT / "tests" / "equivalent_mutants.yml"
SECONDS = 8  # for one mutant; a solution takes far less
OPERATORS = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Add, ast.FloorDiv], ast.Pow: [ast.Mult],
    ast.FloorDiv: [ast.Mult, ast.Div], ast.Div: [ast.Mult], ast.Mod: [ast.FloorDiv],
    ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd], ast.MatMult: [ast.Mult],
}  # fmt: skip
COMPARISONS = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt], ast.Gt: [ast.GtE, ast.Lt], ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn], ast.NotIn: [ast.In],
}  # fmt: skip


def changes_of(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of one node of the tree."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in OPERATORS.get(type(node.op), ()):
            yield _with(node, op=other())
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield _with(node, ops=[other()])
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    if isinstance(node, ast.UnaryOp):
        yield node.operand  # without its minus or not
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
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
    old, new = [], []
    for line in lines:
        {"-": old, "+": new}.get(line[0], []).append(line[2:].strip())
    return f"{'; '.join(old)} → {'; '.join(new)}"


def survivors(setup: str, question: Question) -> tuple[list[str], int]:
    """Return the mutants that keep full marks, and how many were tried."""
    mutants = list(mutants_of(question.source))
    points = scores(setup, [source for _, source in mutants], question, seconds=SECONDS)
    pairs = zip(mutants, points, strict=True)
    return [change for (change, _), earned in pairs if earned >= question.points], len(mutants)


def main() -> int:
    """Try the mutants of every solution, or of the question that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--question", help="the name of the only question to try")
    only = parser.parse_args().question
    import torch  # noqa: F401  (once, before the forks)

    listed = yaml.safe_load(LISTED.read_text(encoding="utf-8")) or {}
    failed = 0
    for notebook in solutions():
        setup, questions = read_assignment(notebook)
        total, known = 0, 0
        for question in questions:
            if only not in (None, question.name):
                continue
            reasons = listed.get(notebook.parent.name, {}).get(question.name, {})
            alive, tried = survivors(setup, question)
            total, known = total + tried, known + len(reasons)
            for change in [change for change in alive if change not in reasons]:
                print(f"{question.name}: nobody notices  {change}")
                failed += 1
            for change in [change for change in reasons if change not in alive]:
                print(f"{question.name}: listed, but noticed or gone  {change}")
                failed += 1
        print(f"{notebook.parent.name}: {total} mutants tried, {known} known to change nothing")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
