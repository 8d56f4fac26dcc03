"""The small assignment on which the corpus is graded: six questions, 11 points, and a written one."""

import copy
import json
from pathlib import Path

ASSIGNMENT, NOTEBOOK, FULL = "tiny", "tiny.ipynb", 11.0

SETUP = """
import torch
from torch import nn
from cnnbook.checks import expect
"""
SOLUTIONS = {
    "double": '''
def double(x):
    """Return twice x, an int."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
''',
    "scale": '''
def scale(x, factor):
    """Return the tensor x times factor; x stays as it is."""
    ### BEGIN SOLUTION
    return x * factor
    ### END SOLUTION
''',
    "Net": '''
### BEGIN SOLUTION
class Net(nn.Module):
    """A dense layer of `width` outputs on 4 inputs, then ReLU."""

    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(4, width)

    def forward(self, x):
        return self.dense(x).relu()
### END SOLUTION
''',
    "total": '''
def total(values):
    """Return the sum of a list; ValueError where it is empty."""
    ### BEGIN SOLUTION
    if not values:
        raise ValueError("no values")
    return sum(values)
    ### END SOLUTION
''',
    "ANSWER": """
### BEGIN SOLUTION
ANSWER = 42
### END SOLUTION
""",
    "halves": '''
def halves(n):
    """Return the list [n / 2, n / 4]."""
    ### BEGIN SOLUTION
    return [n / 2, n / 4]
    ### END SOLUTION
''',
}
TESTS = {
    "double": [
        ("test_double", 2, """
expect(double, 3, gives=6, look_at="twice")
### BEGIN HIDDEN TESTS
for n in (-7, 0, 10**20 + 1):
    expect(double, n, gives=2 * n, look_at="any int")
### END HIDDEN TESTS
"""),
    ],
    "scale": [
        ("test_scale", 1, """
expect(scale, torch.ones(2, 3), 2.0, gives=torch.full((2, 3), 2.0), look_at="each value")
"""),
        ("test_scale_keeps", 1, """
### BEGIN HIDDEN TESTS
x = torch.arange(6.0)
expect(scale, x, 3.0, gives=torch.arange(6.0) * 3, look_at="each value")

def afterwards(x):
    scale(x, 3.0)
    return x

expect(afterwards, x, gives=torch.arange(6.0), look_at="x stays as it is")
### END HIDDEN TESTS
"""),
    ],
    "Net": [
        ("test_net", 2, """
assert Net(5)(torch.zeros(3, 4)).shape == (3, 5), "look at  the shape"

def parameters():
    return [parameter.shape for parameter in Net(5).parameters()]

expect(parameters, gives=[torch.Size([5, 4]), torch.Size([5])], look_at="one dense layer")
### BEGIN HIDDEN TESTS
def output(state, x):
    net = Net(5)
    net.load_state_dict(state)
    return net(x)

weight, bias, x = torch.randn(5, 4), torch.randn(5), torch.randn(7, 4)
expect(output, {"dense.weight": weight, "dense.bias": bias}, x, gives=(x @ weight.T + bias).relu(), look_at="the values")
### END HIDDEN TESTS
"""),
        ("test_net_gradient", 1, """
### BEGIN HIDDEN TESTS
def losses(net, x):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    found = []
    for _ in range(20):
        loss = (net(x) - 1).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss)
    return torch.stack(found)

def trained(state, x):
    net = Net(3).train()
    net.load_state_dict({f"dense.{name}": value for name, value in state.items()})
    return losses(net, x)

dense, x = nn.Linear(4, 3), torch.ones(2, 4)
with torch.no_grad():
    dense.weight.fill_(0.1), dense.bias.zero_()
state = {name: value.clone() for name, value in dense.state_dict().items()}
expect(trained, state, x, gives=losses(nn.Sequential(dense, nn.ReLU()), x), look_at="gradients")
### END HIDDEN TESTS
"""),
    ],
    "total": [
        ("test_total", 1, """
expect(total, [1, 2, 3], gives=6, look_at="the sum")
try:
    total([])
except ValueError:
    pass
else:
    raise AssertionError("look at  what an empty list should do")
"""),
    ],
    "ANSWER": [("test_answer", 1, 'assert ANSWER == 42, "look at  the answer"')],
    "halves": [
        ("test_halves", 2, """
found = halves(8)
1.0 * (found[0] == 4.0) + 1.0 * (found[1] == 2.0)
"""),
    ],
}  # fmt: skip
WRITTEN = "Say in a sentence why tests run outside your process."


def solution_notebook() -> dict:
    """Return the instructor's notebook."""
    cells = [_cell("markdown", "# Tiny"), _cell("code", SETUP, "setup", locked=True)]
    for name, source in SOLUTIONS.items():
        cells.append(_cell("markdown", f"## {name}"))
        cells.append(_cell("code", source, name, solution=True))
        for test, points, code in TESTS[name]:
            cells.append(_cell("code", code, test, grade=True, locked=True, points=points))
    cells.append(_cell("markdown", WRITTEN, "written", grade=True, solution=True, points=2))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, source: str, name: str = "", *, points=None, **marks) -> dict:
    cell = {"cell_type": kind, "id": name or f"text{abs(hash(source)) % 10**8}", "metadata": {}}
    cell["source"] = source.strip()
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    if name:
        defaults = {"grade": False, "solution": False, "locked": False, "task": False}
        nbgrader = {"schema_version": 3, "grade_id": name, **defaults, **marks}
        if points is not None:
            nbgrader["points"] = points
        cell["metadata"]["nbgrader"] = nbgrader
    return cell


def make_course(root: Path) -> Path:
    """Write the course's source into an empty folder."""
    folder = root / "solutions" / ASSIGNMENT
    folder.mkdir(parents=True)
    (folder / NOTEBOOK).write_text(json.dumps(solution_notebook()), encoding="utf-8")
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        'c.CourseDirectory.source_directory = "solutions"\n'
        'c.CourseDirectory.release_directory = "exercises"\n'
        f"c.CourseDirectory.root = {str(root)!r}\n"
        'c.CourseDirectory.course_id = "corpus"\n',
        encoding="utf-8",
    )
    return root


class Submission:
    """What one student hands in: the released notebook with right answers, to be spoilt."""

    def __init__(self, released: dict):
        self.notebook = copy.deepcopy(released)
        for cell in self.cells:
            cell["source"] = "".join(cell["source"])
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.name: str | None = NOTEBOOK
        for name, source in SOLUTIONS.items():
            self.answer(
                name, source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
            )

    @property
    def cells(self) -> list[dict]:
        """Return the notebook's cells."""
        return self.notebook["cells"]

    def at(self, grade_id: str) -> int:
        """Return the place of a cell."""
        return next(
            index
            for index, cell in enumerate(self.cells)
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
        )

    def cell(self, grade_id: str) -> dict:
        """Return a cell."""
        return self.cells[self.at(grade_id)]

    def answer(self, name: str, source: str) -> None:
        """Write an answer."""
        self.cell(name)["source"] = source.strip()

    def add(self, source: str, *, before: str | None = None, after: str | None = None) -> dict:
        """Insert a code cell of the student's own, at the end unless a neighbour is named."""
        cell = {"cell_type": "code", "id": f"own{len(self.cells)}", "metadata": {}, "outputs": []}
        cell |= {"execution_count": None, "source": source.strip()}
        place = len(self.cells)
        if before:
            place = self.at(before)
        if after:
            place = self.at(after) + 1
        self.cells.insert(place, cell)
        return cell

    def write(self, folder: Path) -> None:
        """Write everything into the student's folder."""
        folder.mkdir(parents=True)
        if self.name:
            target = folder / self.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(self.notebook), encoding="utf-8")
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)
