"""What test cells may do: `expect` sends a probe out, and only what it observed comes back.

The probe (the function given to `expect`) and its arguments run beside the student's objects, where
a student may have changed whatever they like. So it decides nothing and knows no answer, and what
belongs to the student is touched nowhere else.
"""

import ast
import json

import pytest

from scripts.paths import solutions

VERDICTS = {"all", "allclose", "any", "bool", "equal", "isclose", "isinstance"}


def cells_of(path):
    """Return the names that the student's cells define, and the test cells' sources by grade_id."""
    students, tests = set(), {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        options, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
        if cell["cell_type"] == "code" and options.get("solution"):
            students |= {
                node.name
                for node in ast.parse(source).body
                if isinstance(node, ast.FunctionDef | ast.ClassDef)
            }
        elif cell["cell_type"] == "code" and options.get("grade"):
            tests[options["grade_id"]] = source
    return students, tests


def names_in(node):
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def stored_in(node):
    return {
        found.id
        for found in ast.walk(node)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)
    }


def free_names(function):
    """Return the names that a function takes from outside, among them those of its defaults."""
    arguments = function.args
    own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    own |= stored_in(function)
    defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
    return (names_in(function) - own) | {name for node in defaults for name in names_in(node)}


def is_verdict(node):
    """Return whether an expression is true or false by its form."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    if isinstance(node, ast.Call):
        called = node.func
        return getattr(called, "id", getattr(called, "attr", None)) in VERDICTS
    return isinstance(node, ast.Compare | ast.BoolOp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, bool)
    )


def faults(source, students):
    """Return what is wrong with a test cell, a sentence for each fault."""
    tree = ast.parse(source)
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    functions |= {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Lambda)
        and isinstance(node.targets[0], ast.Name)
    }
    made_here = stored_in(tree) | set(functions)
    found = []
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "expect"
    ]
    sent = set()  # the functions that leave the trusted process, and those that they call
    for call in calls:
        gives = next(k.value for k in call.keywords if k.arg == "gives")
        arguments = [
            *call.args,
            *(k.value for k in call.keywords if k.arg not in ("gives", "look_at")),
        ]
        out = {name for node in arguments if isinstance(node, ast.Name | ast.List | ast.Tuple | ast.Dict | ast.Starred)
               for name in names_in(node)}  # fmt: skip
        out &= functions.keys()
        while more := {n for f in out for n in free_names(functions[f])} & functions.keys() - out:
            out |= more
        sent |= out
        probe = ast.unparse(call.args[0])
        if probe not in students and is_verdict(gives):
            found.append(f"{probe} gives a verdict: {ast.unparse(gives)}")
        if probe not in students | functions.keys():
            found.append(f"{probe} is no function of the student or of the test")
        for function in sorted(out):
            known = free_names(functions[function]) & names_in(gives) & made_here
            found += [f"{function} knows {name}, which makes the answer" for name in sorted(known)]
    for name in sorted(sent):
        for node in ast.walk(functions[name]):
            if isinstance(node, ast.Return) and node.value is not None and is_verdict(node.value):
                found.append(f"{name} returns a verdict: {ast.unparse(node.value)}")
    found += [
        f"line {node.lineno} asserts: {ast.unparse(node.test)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    inside = {id(n) for name in sent for n in ast.walk(functions[name])}
    inside |= {id(call.args[0]) for call in calls}
    found += [
        f"line {node.lineno} holds {node.id} outside a probe"
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in students and id(node) not in inside
    ]
    return found


@pytest.mark.parametrize("path", solutions(), ids=lambda path: path.parent.name)
def test_probes_only_observe(path):
    students, tests = cells_of(path)
    found = {name: faults(source, students) for name, source in tests.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


PROBE = "def probe(x):\n    return {}\nexpect(probe, x, gives={}, look_at='')"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (PROBE.format("answer(x)", "True"), "probe gives a verdict: True"),
        (PROBE.format("answer(x)", "a == b"), "probe gives a verdict: a == b"),
        (PROBE.format("answer(x) == 3", "3"), "probe returns a verdict: answer(x) == 3"),
        (
            PROBE.format("torch.equal(answer(x), x)", "3"),
            "probe returns a verdict: torch.equal(answer(x), x)",
        ),
        ("real = 3\n" + PROBE.format("answer(x) - real", "real"), "probe knows real"),
        (
            "w = 3\ndef box(x, w=w):\n    return w * x\nexpect(answer, box, gives=w, look_at='')",
            "box knows w",
        ),
        (
            "def real(x):\n    return 3\ndef part(x):\n    return real(x)\n"
            + PROBE.format("part(answer(x))", "real(x)"),
            "part knows real",
        ),
        (
            "def probe():\n    assert answer()\nexpect(probe, gives=None, look_at='')",
            "line 2 asserts: answer()",
        ),
        ("expect(lambda: answer(), gives=3, look_at='')", "lambda: answer() is no function"),
        ("expect(answer, x, gives=x, look_at='')\nassert x == 3", "line 2 asserts: x == 3"),
        ("answer(x)\nassert x == 3", "line 1 holds answer outside a probe"),
    ],
)
def test_a_probe_that_decides_is_refused(source, fault):
    assert any(wrong.startswith(fault) for wrong in faults(source, {"answer"}))


def test_the_answer_to_a_yes_or_no_question_is_what_was_observed():
    assert faults("expect(answer, x, gives=True, look_at='')", {"answer"}) == []


def test_a_probe_that_returns_what_it_saw_passes():
    assert faults("real = 3\n" + PROBE.format("[answer(x), x]", "[real, 1]"), {"answer"}) == []
