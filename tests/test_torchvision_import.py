"""torchvision beside the torch that is installed here, each time in a fresh process."""

import subprocess
import sys

import pytest

from scripts.paths import ROOT

AFTERWARDS = """
import torch
import torchvision
from torchvision import datasets, models, transforms
assert datasets.CIFAR10.url.startswith("https://")
assert models.resnet18().eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 1000)
assert transforms.Resize(4)(torch.zeros(3, 8, 8)).shape == (3, 4, 4)
print("works")
"""


def run(code: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.parametrize(
    "first",
    [
        "from cnnbook.torchvision_import import imported_torchvision\nimported_torchvision()",
        "from cnnbook import online_data\nonline_data._torchvision_datasets()",
        # a reader has tried before, and it failed halfway
        "try:\n    import torchvision\nexcept RuntimeError:\n    pass\n"
        "from cnnbook.torchvision_import import imported_torchvision\nimported_torchvision()",
    ],
    ids=["asked for", "for a data set", "after a failure"],
)
def test_torchvision_works_by_its_own_name_once_the_package_has_imported_it(first):
    done = run(f"{first}\n{AFTERWARDS}")
    assert done.stdout == "works\n", done.stderr


def test_where_torchvision_is_not_installed_the_error_says_what_to_do():
    done = run(
        "import sys\nsys.modules['torchvision'] = None\n"
        "from cnnbook import online_data\nonline_data.cifar10()"
    )
    assert "ImportError: torchvision cannot be imported" in done.stderr
    assert "cnnbook.data, which needs neither" in done.stderr


def test_a_chapters_default_path_imports_no_torchvision():
    done = run(
        "import sys\nfrom cnnbook import data, online_data\nprint('torchvision' in sys.modules)"
    )
    assert done.stdout == "False\n", done.stderr
