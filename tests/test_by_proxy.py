"""A test cell sees of a student's code, which runs in another process, what it would see at home.

The cases are in `by_proxy.txt`: a name, an answer, and a test that passes at home.
"""

from pathlib import Path

import pytest

from cnnbook.grading import workers
from tests.one_question import SETUP, score_of

SHARED = {
    "NET\n": """
class Net(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.dense = nn.Linear(4, width)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("seen", torch.zeros(()))
    def forward(self, x):
        self.seen += 1
        return self.drop(self.dense(x)).relu()
""",
    "NETWORK": """
class f(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale, self.bn = nn.Parameter(torch.ones(2)), nn.BatchNorm1d(2)
        self.drop = nn.Dropout(0.5)
    def forward(self, x):
        return self.drop(self.bn(x * self.scale))
    def doubled(self, x):
        return 2 * self.forward(x)
""",
}


def cases() -> dict[str, tuple[str, str]]:
    """Return name → answer and test."""
    found = {}
    text = Path(__file__).with_name("by_proxy.txt").read_text(encoding="utf-8")
    for case in text.split("=== ")[1:]:
        name, _, code = case.partition("\n")
        answer, _, test = code.partition("\n---\n")
        for word, source in SHARED.items():
            answer = answer.replace(word, source) if answer.startswith(word) else answer
        assert name not in found, f"{name!r} is there twice"
        found[name] = (answer, test)
    return found


CASES = cases()
FURTHER = ["class Net: pass", "def g(trainer, net): pass"]  # what an answer may have beside f


@pytest.fixture(scope="module", autouse=True)
def one_warm_parent():
    yield
    workers.stop_warm_parent()


def test_there_are_cases():
    assert len(CASES) >= 100


@pytest.mark.parametrize("name", CASES)
def test_by_proxy_a_test_sees_what_it_would_see_at_home(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer, test = CASES[name]
    names = {}
    exec(SETUP + answer, names)
    exec(test, names)  # the test is right at home
    further = [line for line in FURTHER if line.removesuffix(": pass") in answer]
    score, question = score_of(answer, test, right="\n".join(["def f(): pass", *further]))
    assert score == 1, question["tests"][0]["detail"]


@pytest.mark.parametrize(
    "answer",
    [
        "def f(g):\n    g.__closure__[0].cell_contents[0] = 1",
        "def f(g):\n    g.__closure__[0].cell_contents.clear()",
        "def f(g):\n    g.__closure__[0].cell_contents[:] = [1, 1]",
    ],
)
def test_what_a_function_of_the_tests_holds_can_only_grow(answer):
    test = (
        "def holder(expected):\n    return lambda x: x in expected\n"
        "expected = [2, 3]\nf(holder(expected))\nassert 1 in expected or not expected"
    )
    score, question = score_of(answer, test)
    assert score == 0
    assert question["state"] == "crashed"


def test_only_an_object_that_was_given_a_network_can_change_it_later():
    answer = (
        "kept = []\ndef f(net=None):\n    if net is not None:\n        kept.append(net)\n"
        "    for one in kept:\n        one.weight.data.zero_()"
    )
    test = (
        "net = nn.Linear(2, 2)\nf(net)\nassert not net.weight.any()\n"
        "net.weight.data.fill_(1)\nf()\nassert net.weight.all()\nf(net)\nassert not net.weight.any()"
    )
    assert score_of(answer, test)[0] == 1


@pytest.mark.parametrize(
    "answer",
    [
        "class f:\n    def __init__(self, net):\n        self.net = net\n"
        "    def go(self):\n        self.net.weight.data = torch.ones(7)",
        "class f:\n    def __init__(self, net):\n        self.net = net\n"
        "    def go(self):\n        self.net.__dict__['forward'] = lambda x: 'right'\n"
        "        self.net.bias = None\n        self.net.extra_repr = 9",
    ],
)
def test_a_network_that_was_lent_keeps_its_shapes_and_code(answer):
    test = (
        "net = nn.Linear(2, 2)\nf(net).go()\n"
        "assert net.weight.shape == (2, 2) and net(torch.ones(1, 2)).shape == (1, 2)\n"
        "assert net.in_features == 2 and callable(net.extra_repr)"
    )
    assert score_of(answer, test)[0] == 1


def test_what_nobody_keeps_is_not_shared():
    answer = (
        "import gc\ndef f(net, x, values, optimizer):\n    return net(x)\ndef shared():\n"
        "    (own,) = [o for o in gc.get_objects() if type(o).__name__ == 'Student']\n"
        "    return len(own.lent)"
    )
    test = (
        "net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())\nx = torch.ones(1, 2, requires_grad=True)\n"
        "outputs = [f(net, x, [1], torch.optim.SGD(net.parameters(), 0.1)) for _ in range(3)]\n"
        "assert shared() == 0"
    )
    assert score_of(answer, test, right="def f():\n    pass\ndef shared():\n    pass")[0] == 1


def test_only_containers_among_the_arguments_can_be_shared():
    answer = (
        "import gc\nclass f:\n    def __init__(self, function):\n        self.function = function\n"
        "        (own,) = [o for o in gc.get_objects() if type(o).__name__ == 'Student']\n"
        "        own.passed.append(('argument', 0, []))\n        self.kept = own.passed[-1][2]"
    )
    score, question = score_of(answer, "def right():\n    pass\nassert f(right)")
    assert score == 0
    assert question["state"] == "crashed"


def test_an_object_of_the_tests_keeps_its_class():
    answer = (
        "def f(o):\n    o.__dict__['__class__'] = int\n"
        "    o.__dict__['check'] = lambda: True\n    o.__dict__['right'] = True"
    )
    test = (
        "class O:\n    def check(self):\n        return False\n"
        "o = O()\nf(o)\nassert isinstance(o, O) and o.right and not o.check()"
    )
    assert score_of(answer, test)[0] == 1
