"""The registry of networks: nothing in cnnbook/models is forgotten, and each entry does what it says."""

import inspect
import re
import subprocess
import sys
from importlib import import_module

import pytest
import torch
from torch import nn

from cnnbook.models.registry import ARCHITECTURES, WITHOUT_ARCHITECTURES
from cnnbook.summary import count_parameters
from scripts.paths import ROOT
from scripts.torchvision_on_cpu import torchvision

REGISTRY = "cnnbook/models/registry.py"
FILES = sorted(path.stem for path in (ROOT / "cnnbook" / "models").glob("[!_]*.py"))
ONLY_HERE = [
    name
    for name, architecture in ARCHITECTURES.items()
    if name not in torchvision.models.list_models() and not architecture.timm
]
UNREAD = {  # the last layer of WaveNet hands out its skip; what it adds to its input, nobody reads
    "wavenet": ["layers.9.residual.weight", "layers.9.residual.bias"],
}


def constructors(family):
    """Return the names of a file's public functions that return a network and need no argument."""
    module = import_module(f"cnnbook.models.{family}")
    names = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("_") or function.__module__ != module.__name__:
            continue
        try:
            inspect.signature(function).bind()
        except TypeError:
            continue  # it needs an argument: it makes blocks, or changes a network
        with torch.device("meta"):
            names += [name] if isinstance(function(), nn.Module) else []
    return names


@pytest.mark.parametrize("family", FILES)
def test_every_network_of_a_file_is_registered(family):
    here = constructors(family)
    registered = [a.name for a in ARCHITECTURES.values() if a.family == family]
    for name in here:
        assert name in registered, (
            f"cnnbook/models/{family}.py makes {name}, which is not registered: add the line "
            f"Architecture({name!r}, {family!r}, input_shape) to ARCHITECTURES in {REGISTRY}"
        )
    for name in registered:
        assert name in here, (
            f"{REGISTRY} registers {name!r} of {family!r}: write in cnnbook/models/{family}.py a "
            f"function {name} that needs no argument and returns the network"
        )
    assert bool(here) != (family in WITHOUT_ARCHITECTURES), (
        f"cnnbook/models/{family}.py must have a function that needs no argument and returns a "
        f"network, or stand in WITHOUT_ARCHITECTURES in {REGISTRY}; and not both"
    )


def test_what_is_registered_has_its_file():
    named = {a.family for a in ARCHITECTURES.values()} | WITHOUT_ARCHITECTURES
    missing = named - set(FILES)
    assert not missing, f"{REGISTRY} names {missing}: there is no such file in cnnbook/models/"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_docstring_says_how_many_parameters_there_are(name):
    words = " ".join((ARCHITECTURES[name].constructor.__doc__ or "").split())
    said = re.search(r"(\d[\d,]*) parameters", words)
    assert said, (
        f"the docstring of {name} must say how many parameters the paper counts, as in "
        f'"Return …, 1,234,567 parameters.", and says {words!r}'
    )
    counted = count_parameters(ARCHITECTURES[name].build())
    assert said[1] == f"{counted:,}", (
        f"the docstring of {name} says {said[1]} parameters, and it has {counted:,}: one is wrong"
    )


@pytest.mark.parametrize("name", ONLY_HERE)
def test_a_network_that_nobody_else_has_answers_and_learns_with_every_parameter(name):
    torch.manual_seed(0)
    make, shape = ARCHITECTURES[name].constructor, ARCHITECTURES[name].input_shape
    chooses = "num_classes" in inspect.signature(make).parameters
    network = make(num_classes=7) if chooses else make()
    out = network(torch.randn(2, *shape))
    assert out.shape[:2] == (2, 7) or not chooses
    out.square().sum().backward()
    without = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == UNREAD.get(name, []), f"the answers of {name} do not depend on {without}"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from cnnbook.models import nin", {"cnnbook.models.nin"}),
        ("import cnnbook.models.registry", {"cnnbook.models.registry"}),
    ],
)
def test_importing_one_family_imports_neither_the_others_nor_the_registry(statement, expected):
    """So the outputs of a page depend on the networks that it runs, and on no others."""
    code = f"{statement}; import sys; print(*(m for m in sys.modules if 'cnnbook.models.' in m))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert set(printed.stdout.split()) == expected, printed.stderr
