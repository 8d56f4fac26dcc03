"""Wrong answers beside a library that the student changed: what it says there is believed nowhere.

Each row changes one function of torch, NumPy, Python or this package in the student's process, and
answers a question wrongly in such a way that the changed function would hide it.
"""

from tests.submissions.course import FULL
from tests.submissions.rows import row

WRONG_SCALE = """
def scale(x, factor):
    return x.clone()
"""
WRONG_NET = """
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.dense = nn.Linear(1, 1)
    def forward(self, x):
        return torch.zeros(len(x), 5, requires_grad=True) * 1
"""
SHAPES = "iter([nn.Parameter(torch.zeros(5, 4)), nn.Parameter(torch.zeros(5))])"
OF_SCALE = {
    "allclose": "torch.allclose = lambda *_, **__: True",
    "equal": "torch.equal = lambda *_: True",
    "isclose": "torch.isclose = lambda a, *_, **__: torch.ones_like(a, dtype=torch.bool)",
    "tensor_eq": "torch.Tensor.__eq__ = lambda a, b: torch.tensor(True)",
    "tensor_ne": "torch.Tensor.__ne__ = lambda a, b: torch.tensor(False)",
    "tensor_sub": "torch.Tensor.__sub__ = lambda a, b: torch.zeros(())",
    "tensor_abs": "torch.Tensor.abs = lambda a: torch.zeros_like(a)",
    "tensor_bool": "torch.Tensor.__bool__ = lambda a: True",
    "assert_close": "torch.testing.assert_close = lambda *_, **__: None",
    "numpy_allclose": "import numpy\nnumpy.allclose = numpy.array_equal = lambda *_, **__: True",
    "builtin_all": "import builtins\nbuiltins.all = builtins.any = lambda *_: True",
    "difference": "from cnnbook import checks\nchecks._difference = lambda *_: None",
    "expect": "from cnnbook import checks\nchecks.expect = expect = lambda *_, **__: None",
    "mock_any": "from unittest import mock\n",
}
SPOILS_ITS_OWN_GRADIENT = ("tensor_sub", "builtin_all")  # which costs its network a point
OF_NET = {
    "parameters": f"nn.Module.parameters = lambda self, recurse=True: {SHAPES}",
    "named_parameters": "nn.Module.named_parameters = lambda self, *_, **__: "
    f"zip(['dense.weight', 'dense.bias'], {SHAPES})",
    "numel": "torch.Tensor.numel = lambda self: 25",
    "shape": "torch.Tensor.size = lambda self, *_: torch.Size([5, 4])",
    "load_state_dict": "nn.Module.load_state_dict = lambda self, *_, **__: None",
    "state_dict": "nn.Module.state_dict = lambda self, *_, **__: {'dense.weight': torch.zeros(5, 4)}",
    "manual_seed": "torch.manual_seed = lambda *_: None\ntorch.randn = lambda *s, **__: torch.zeros(*s)",
    "backward": "torch.Tensor.backward = lambda self, *_, **__: None",
    "step": "torch.optim.SGD.step = lambda self, *_: None",
    "zero_grad": "torch.optim.Optimizer.zero_grad = lambda self, *_: None",
    "module_call": "nn.Module.__call__ = lambda self, x, *_: torch.zeros(len(x), 5, requires_grad=True) + 0",
    "square": "torch.Tensor.square = lambda self: torch.zeros(5, requires_grad=True) * 1",
    "stack": "torch.stack = lambda tensors, *_: torch.linspace(1, 0, len(tensors))",
    "autograd_hook": "torch.autograd.backward = lambda *_, **__: None",
}


def forger(name: str, question: str, patch: str, answer: str, score: float) -> None:
    """Add a row: a changed library before the first question, and a wrong answer to this one."""

    def spoil(submission):
        submission.add(patch, before="double")
        submission.answer(question, answer)

    spoil.__name__ = f"forger_of_{name}"
    row(score, f"a changed {name} hides nothing")(spoil)


for _name, _patch in OF_SCALE.items():
    _answer = WRONG_SCALE.replace("x.clone()", "mock.ANY") if _name == "mock_any" else WRONG_SCALE
    forger(_name, "scale", _patch, _answer, FULL - 2 - (_name in SPOILS_ITS_OWN_GRADIENT))
for _name, _patch in OF_NET.items():
    forger(_name, "Net", _patch, WRONG_NET, FULL - 3)


OF_ALL = {  # every answer is the same, so that none is right but one that is a value itself
    "run_probe": (
        "from cnnbook.grading import student\n"
        "student.run_probe = lambda *_: {'value': True, 'printed': '', 'changed': False}",
        1,
    ),
    "data": (
        "from cnnbook.grading import data\n"
        "data.encoded = lambda *_: {'t': 'object', 'i': 0, 'n': 'Tensor'}",
        0,
    ),
}
for _name, (_patch, _score) in OF_ALL.items():
    forger(_name, "scale", _patch, WRONG_SCALE, _score)
