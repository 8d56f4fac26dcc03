"""What crosses between a test cell and a student's code, which runs in another process.

The cases are in `boundary.txt` (a plain test cell sees what it would see in one process) and in
`not_crossing.txt` (it cannot, and says what to write instead): a name, an answer, and a test that
passes in one process.
"""

from pathlib import Path

import pytest
import torch

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


def cases_of(name: str) -> dict[str, tuple[str, str]]:
    """Return name → answer and test."""
    found = {}
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for case in text.split("=== ")[1:]:
        name, _, code = case.partition("\n")
        answer, _, test = code.partition("\n---\n")
        for word, source in SHARED.items():
            answer = answer.replace(word, source) if answer.startswith(word) else answer
        assert name not in found, f"{name!r} is there twice"
        found[name] = (answer, test)
    return found


CROSSING, NOT_CROSSING = cases_of("boundary.txt"), cases_of("not_crossing.txt")
FURTHER = [
    "class Net: pass",
    "def g(trainer, net): pass",
    "objs = []",
]  # what an answer may have beside f


@pytest.fixture(scope="module", autouse=True)
def one_warm_parent():
    yield
    workers.stop_warm_parent()


def graded(answer: str, test: str) -> tuple[float, dict]:
    """Return the score of an answer and its question's result."""
    further = [line for line in FURTHER if line.removesuffix(": pass").removesuffix("[]") in answer]
    return score_of(answer, test, right="\n".join(["def f(): pass", *further]))


def passes_in_one_process(answer: str, test: str) -> None:
    """Run an answer and its test as a plain notebook would."""
    names = {}
    torch.manual_seed(0)
    exec(SETUP + answer, names)
    exec(test, names)


@pytest.mark.parametrize("name", CROSSING)
def test_a_plain_test_sees_what_it_would_see_in_one_process(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    passes_in_one_process(*CROSSING[name])
    score, question = graded(*CROSSING[name])
    assert score == 1, question["tests"][0]["detail"]


@pytest.mark.parametrize("name", NOT_CROSSING)
def test_what_does_not_cross_is_told_with_what_to_write(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    passes_in_one_process(*NOT_CROSSING[name])
    score, question = graded(*NOT_CROSSING[name])
    assert score == 0
    assert question["tests"][0]["state"] in ("wrong", "error")
    assert "expect" in question["tests"][0]["detail"]


@pytest.mark.parametrize(
    "test",
    ["f(x).backward()", "(f(x) * 2).backward()", "torch.autograd.grad(f(x), x)", "f([x])[0].backward()",
     "f(nn.Linear(1, 1).weight).backward()", "f(x, w=x).backward()"],
)  # fmt: skip
def test_a_gradient_through_a_call_is_refused_in_words_that_say_what_to_write(test):
    answer = "def f(x, w=1):\n    return [f(x[0])] if isinstance(x, list) else (x * w).sum()"
    test = "x = torch.ones(3, requires_grad=True)\n" + test
    passes_in_one_process(answer, test)
    score, question = graded(answer, test)
    assert score == 0
    assert "no gradient comes back through a call" in question["tests"][0]["detail"]


AS_PROBES = {
    "a list changed in place": (
        "def f(v):\n    v.sort()",
        "def after(v):\n    f(v)\n    return v\n",
        "expect(after, [3, 1, 2], gives=[1, 2, 3], look_at='')",
    ),
    "gradients": (
        "def f(x, w):\n    return (x * w).sum()",
        "def gradient(x, w):\n    x.requires_grad_()\n    f(x, w).backward()\n    return x.grad\n",
        "expect(gradient, torch.ones(2), torch.arange(2.0), gives=torch.arange(2.0), look_at='')",
    ),
    "gradients that a test made": (
        "def f(parameters):\n    for p in parameters:\n        p.data -= p.grad",
        "def step(p):\n    f([p])\n    return p\n"
        "p = nn.Parameter(torch.ones(2))\np.grad = torch.tensor([1.0, 0.5])\n",
        "expect(step, p, gives=torch.tensor([0.0, 0.5]), look_at='')",
    ),
    "a network that the test trains": (
        "class f(nn.Linear):\n    pass",
        "def trained(x):\n    torch.manual_seed(0)\n    net = f(2, 1)\n"
        "    rule = torch.optim.SGD(net.parameters(), lr=0.1)\n    before = net(x).sum()\n"
        "    before.backward()\n    rule.step()\n    return [before, net(x).sum()]\n"
        "torch.manual_seed(0)\nnet = nn.Linear(2, 1)\nwith torch.no_grad():\n"
        "    first = net(torch.ones(1, 2)).sum()\n",
        "expect(trained, torch.ones(1, 2), gives=[first, first - 0.3], look_at='')",
    ),
    "identity, hooks, isinstance, calls counted": (
        "class f(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a = self.b = nn.ReLU()\n    def forward(self, x):\n        return self.a(self.b(x))",
        "def seen(x):\n    net, calls = f(), []\n    net.a.register_forward_hook(lambda *_: calls.append(1))\n"
        "    net(x)\n    return [len(calls), id(net.a) - id(net.b), type(net.a).__name__]\n",
        "expect(seen, torch.ones(1), gives=[2, 0, 'ReLU'], look_at='')",
    ),
    "a data set in torch's loader": (
        "class f(torch.utils.data.Dataset):\n    def __len__(self):\n        return 4\n"
        "    def __getitem__(self, i):\n        return torch.full((2,), float(i))",
        "def batches():\n    return list(torch.utils.data.DataLoader(f(), batch_size=2))\n",
        "expect(batches, gives=[torch.tensor([[0.0, 0], [1, 1]]), torch.tensor([[2.0, 2], [3, 3]])], look_at='')",
    ),
    "a trainer that keeps a network of the test's": (
        "class f:\n    def __init__(self, net):\n        self.net = net\n    def fit(self):\n"
        "        self.net.weight.data.zero_()",
        "def fitted(net):\n    f(net).fit()\n    return net.weight\n",
        "expect(fitted, nn.Linear(2, 1), gives=torch.zeros(1, 2), look_at='')",
    ),
}


@pytest.mark.parametrize("name", AS_PROBES)
def test_inside_a_probe_all_is_ordinary_python(name):
    answer, probe, check = AS_PROBES[name]
    score, question = graded(answer, "from cnnbook.checks import expect\n" + probe + check)
    assert score == 1, question["tests"][0]["detail"]
    wrong = "class f:\n    def __init__(self, *_): pass\n    def __getattr__(self, name): return lambda *_: 1"
    assert graded(wrong, "from cnnbook.checks import expect\n" + probe + check)[0] == 0


@pytest.mark.parametrize(
    "test",
    ["assert f() == 3", "assert 3 == f()", "assert f()", "assert not f() != 3", "assert f() >= 3",
     "assert 3 in f()", "assert isinstance(f(), int)", "with f():\n    pass"],
)  # fmt: skip
def test_an_object_that_says_yes_to_everything_gains_nothing(test):
    answer = (
        "class Yes(int):\n    pass\nclass f:\n    __class__ = int\n"
        "    __eq__ = __ge__ = __le__ = __contains__ = __bool__ = lambda *_: True\n"
        "    __ne__ = lambda *_: False\n    __enter__ = __exit__ = lambda *_: True"
    )
    passes_in_one_process(answer, test)
    assert graded(answer, test)[0] == 0


def test_a_generator_with_a_name_is_not_used_up_by_a_look():
    answer = "f = (n for n in range(3))"
    assert graded(answer, "assert True")[0] == graded(answer, "assert list(f) == [0, 1, 2]")[0] == 1


def test_a_network_of_the_tests_as_the_last_line_is_no_number_of_points():
    assert graded("def f():\n    return 1", "net = nn.Linear(f(), 1)\nnet.eval()")[0] == 1
    assert graded("class f(nn.Linear):\n    pass", "f(1, 1)")[0] == 0


def test_arguments_are_copies_so_that_what_is_done_to_them_spoils_no_later_check():
    answer = "def f(x):\n    y = x + 1 if x.any() else x\n    x.zero_()\n    return y"
    test = (
        "from cnnbook.checks import expect\nx = torch.arange(3.0)\n"
        "expect(f, x, gives=x + 1, look_at='')\nexpect(f, x, gives=x + 1, look_at='')\n"
        "assert f(x).tolist() == [1, 2, 3] and f(x).tolist() == (x + 1).tolist()"
    )
    assert graded(answer, test)[0] == 1  # rightly: each call was given what the test holds
    wrong = answer.replace("x + 1 if x.any() else x", "x + 0")
    assert graded(wrong, test)[0] == 0


def test_a_seed_that_a_test_sets_holds_in_the_call_and_others_run_on():
    answer = (
        "def f():\n    return [torch.rand(()).item(), float(np.random.rand()), random.random()]"
    )
    test = (
        "def seeded():\n    torch.manual_seed(1)\n    np.random.seed(1)\n    random.seed(1)\n"
        "seeded()\nwanted = [torch.rand(()).item(), float(np.random.rand()), random.random()]\n"
        "seeded()\nassert f() == wanted\nassert f() != wanted\nseeded()\nassert f() == wanted\n"
        "assert len({f()[n] for _ in range(20) for n in range(3)}) == 60"
    )
    assert graded(answer, test)[0] == 1


def test_what_an_answer_does_to_its_generators_moves_none_of_the_tests():
    answer = "def f():\n    torch.manual_seed(0)\n    np.random.seed(0)\n    random.seed(0)\n    return 0"
    test = (
        "state = torch.get_rng_state()\nf()\nfirst = torch.rand(3)\nf()\n"
        "assert not torch.equal(first, torch.rand(3))\n"
        "torch.manual_seed(0)\nassert not torch.equal(first, torch.rand(3))"
    )
    assert graded(answer, test)[0] == 1
