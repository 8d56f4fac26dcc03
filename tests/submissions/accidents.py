"""Honest accidents: what careful and careless students do to a notebook without meaning to."""

import copy
import json

from tests.submissions.course import FULL, NOTEBOOK, Submission
from tests.submissions.rows import row


@row(FULL, "everything is right")
def all_right(s: Submission):
    """Change nothing."""


@row(0, "nothing was answered")
def untouched(s):
    for name, stub in STUBS.items():
        s.answer(name, stub)


STUBS = {
    name: f"def {name}(*args):\n    raise NotImplementedError"
    for name in ("double", "scale", "total", "halves")
} | {
    "Net": "# YOUR CODE HERE\nraise NotImplementedError()",
    "ANSWER": "# YOUR CODE HERE\nraise NotImplementedError()",
}


@row(FULL, "the copy is the same answer")
def duplicated_answer(s):
    s.cells.insert(s.at("scale") + 1, copy.deepcopy(s.cell("scale")))


@row(FULL, "the second version is what the notebook ends with")
def duplicated_answer_second_is_right(s):
    second = copy.deepcopy(s.cell("double"))
    s.answer("double", "def double(x):\n    return x + x + 1")
    s.cells.insert(s.at("double") + 1, second)


@row(FULL, "the untouched copy is no answer")
def stub_duplicated_behind_the_answer(s):
    stub = copy.deepcopy(s.cell("double"))
    stub["source"] = RELEASED_STUB
    s.cells.insert(s.at("double") + 1, stub)


RELEASED_STUB = 'def double(x):\n    """Return twice x, an int."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'


@row(FULL, "a test may be there twice")
def duplicated_test(s):
    s.cells.append(copy.deepcopy(s.cell("test_double")))


@row(FULL, "the instructor's order counts")
def cells_dragged_out_of_order(s):
    s.cells.reverse()


@row(FULL, "the instructor's order counts")
def tests_dragged_to_the_top(s):
    s.cells.sort(
        key=lambda cell: (
            not cell["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("test")
        )
    )


@row(FULL - 2, "one answer is gone")
def answer_deleted(s):
    del s.cells[s.at("double")]


@row(FULL, "tests come from the instructor")
def tests_deleted(s):
    s.notebook["cells"] = [
        c
        for c in s.cells
        if not c["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("test")
    ]


@row(FULL, "the setup comes from the instructor")
def setup_deleted(s):
    del s.cells[s.at("setup")]


@row(FULL, "answers can be found without their marks")
def all_metadata_stripped(s):
    for cell in s.cells:
        cell["metadata"] = {}


@row(FULL, "only ids of cells were kept")
def all_metadata_and_text_stripped(s):
    for cell in s.cells:
        cell["metadata"] = {}
    s.notebook["cells"] = [cell for cell in s.cells if cell["cell_type"] == "code"]
    s.notebook["metadata"] = {}


@row(FULL, "the answer's name tells where it belongs")
def one_answer_retyped_in_a_new_cell(s):
    source = s.cell("total")["source"]
    del s.cells[s.at("total")]
    s.add(source, before="test_total")


@row(FULL, "the two halves are run in order")
def answer_split_in_two(s):
    s.answer("scale", "def factor_of(f):\n    return f")
    s.add("def scale(x, factor):\n    return x * factor_of(factor)", after="scale")


@row(FULL, "both answers are in one cell")
def answers_merged(s):
    s.answer("double", s.cell("double")["source"] + "\n\n" + s.cell("scale")["source"])
    del s.cells[s.at("scale")]


@row(FULL, "the visible test in the answer's cell passes, and the real one too")
def answer_merged_with_its_test(s):
    s.answer("double", s.cell("double")["source"] + "\n\n" + s.cell("test_double")["source"])
    del s.cells[s.at("test_double")]


@row(FULL, "Colab's marks mean nothing")
def colab_metadata(s):
    s.notebook["metadata"]["colab"] = {"provenance": [], "toc_visible": True}
    s.notebook["metadata"]["accelerator"] = "GPU"
    for number, cell in enumerate(s.cells):
        cell["metadata"] |= {
            "id": f"aB{number}",
            "outputId": "x",
            "colab": {"base_uri": "https://x"},
        }


@row(FULL, "VS Code's marks mean nothing")
def vs_code_metadata(s):
    s.notebook["metadata"]["vscode"] = {"interpreter": {"hash": "0" * 64}}
    for cell in s.cells:
        cell["metadata"] |= {"vscode": {"languageId": "python"}, "tags": []}
        cell["id"] = "#VSC-" + cell["id"]


@row(FULL, "the old format is converted")
def format_3(s):
    cells = []
    for cell in s.cells:
        old = {"cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        old["input" if cell["cell_type"] == "code" else "source"] = cell["source"]
        cells.append(old)
    s.notebook = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": cells}],
    }


@row(FULL, "an old schema of the marks is no fault of the student's")
def old_schema_version(s):
    for cell in s.cells:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 1


@row(FULL, "the cells of a newer format are the same")
def future_format(s):
    s.notebook |= {"nbformat": 9, "nbformat_minor": 3, "attachments_of_the_future": {}}
    for cell in s.cells:
        cell["source"] = cell["source"].splitlines(keepends=True)


@row(FULL, "the kernel's name does not matter")
def foreign_kernel(s):
    s.notebook["metadata"]["kernelspec"] = {
        "name": "julia-1.9",
        "display_name": "Julia",
        "language": "julia",
    }


@row(FULL, "there is no other notebook that it could be")
def renamed_file(s):
    s.name = "my homework FINAL (2).ipynb"


@row(FULL, "browsers number their downloads")
def downloaded_twice(s):
    s.name = "tiny (1).ipynb"


@row(FULL, "it lies one folder deeper")
def misplaced_file(s):
    s.name = f"Documents/homework/{NOTEBOOK}"


@row(FULL, "the copies that Jupyter keeps are not looked at")
def checkpoints_beside(s):
    s.files[".ipynb_checkpoints/tiny-checkpoint.ipynb"] = b"{}"
    s.files["__MACOSX/._tiny.ipynb"] = b"\0\5\26\7"


@row(0, "an empty file")
def empty_file(s):
    s.name, s.files = None, {NOTEBOOK: b""}


@row(0, "an empty folder")
def empty_folder(s):
    s.name = None


@row(0, "the file ends in the middle")
def truncated_file(s):
    whole = json.dumps(s.notebook).encode()
    s.name, s.files = None, {NOTEBOOK: whole[: len(whole) // 2]}


@row(FULL, "the bytes are Windows', the answers are right")
def not_utf8(s):
    s.add("# caf\xe9 na\xefve")
    text = json.dumps(s.notebook, ensure_ascii=False).encode("cp1252")
    s.name, s.files = None, {NOTEBOOK: text}


@row(FULL, "a byte order mark does no harm")
def byte_order_mark(s):
    s.name, s.files = None, {NOTEBOOK: b"\xef\xbb\xbf" + json.dumps(s.notebook).encode()}


@row(FULL, "UTF-16 with its mark can be read")
def utf16(s):
    s.name, s.files = None, {NOTEBOOK: json.dumps(s.notebook).encode("utf-16")}


@row(0, "no notebook is that large")
def enormous_file(s):
    s.add("#" + "x" * (21 << 20))


@row(FULL, "outputs are not read, however large they are")
def enormous_outputs(s):
    text = 'a "quoted" [ { \\ line\\n' * 900_000
    for name in ("double", "total"):
        s.cell(name)["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    s.add("print('outputs')")["metadata"] = {"outputs": "no list"}


@row(FULL, "neither are pictures in text cells")
def enormous_attachments(s):
    s.cells[0]["attachments"] = {"photo.png": {"image/png": "QUJD" * (6 << 20)}}
    s.notebook["metadata"]["widgets"] = {"state": {"[": [1, {"outputs": []}]}}


@row(0, "a page of HTML under the notebook's name")
def html_instead(s):
    s.name, s.files = None, {NOTEBOOK: b"<html>Please log in</html>"}


@row(0, "JSON, and no notebook")
def other_json(s):
    s.name, s.files = None, {NOTEBOOK: b"[1, 2, 3]"}


@row(FULL, "questions at the keyboard are answered with nothing")
def leftover_input(s):
    s.add('name = input("your name? ")', before="double")
    s.answer("double", s.cell("double")["source"] + '\n\ninput("press enter")')


@row(FULL, "installing something is left out")
def leftover_pip(s):
    s.add("%pip install -q torch torchvision\n!ls -la\nfiles = !ls", before="double")
    s.answer("scale", "%matplotlib inline\n" + s.cell("scale")["source"])


@row(FULL, "timing a cell runs it")
def timed_answer(s):
    s.answer("double", "%%time\n" + s.cell("double")["source"])


@row(FULL, "figures are the student's own business")
def leftover_figures(s):
    s.add("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", after="double")


@row(FULL, "what is printed does not count")
def long_prints(s):
    s.answer(
        "double",
        "def double(x):\n    print('x' * 100_000)\n    return 2 * x\nprint('y' * 3_000_000)",
    )


@row(FULL, "warnings cost nothing")
def warnings_and_stderr(s):
    s.answer(
        "double",
        "import sys, warnings\ndef double(x):\n    warnings.warn('hm')\n"
        "    print('oops', file=sys.stderr)\n    return x * 2",
    )


@row(FULL, "globals are allowed")
def uses_a_global(s):
    s.add("FACTOR = 2", before="double")
    s.answer("double", "def double(x):\n    return FACTOR * x")


@row(FULL, "helpers in own cells are allowed")
def helper_before(s):
    s.add("def twice(x):\n    return x + x", before="double")
    s.answer("double", "def double(x):\n    return twice(x)")


@row(FULL, "the helper is there when all cells have run")
def helper_at_the_end(s):
    s.answer("double", "def double(x):\n    return twice(x)")
    s.add("def twice(x):\n    return x + x")


@row(FULL, "experiments that fail hurt nobody")
def failing_scratch_cells(s):
    s.add("1 / 0", before="double")
    s.add("this is not python", after="scale")


@row(FULL, "a later experiment under the same name does not change an earlier test")
def same_helper_name_twice(s):
    s.answer("double", "def helper(x):\n    return 2 * x\n\ndef double(x):\n    return helper(x)")
    s.answer("total", "def helper(v):\n    return sum(v)\n\n" + s.cell("total")["source"])


@row(FULL, "a lambda is a function")
def lambda_answer(s):
    s.answer("double", "double = lambda x: x + x")


@row(FULL, "a callable object is as good as a function")
def callable_object(s):
    s.answer("double", "class D:\n    def __call__(self, x):\n        return 2 * x\ndouble = D()")


@row(FULL, "imports may stand in the answer")
def imports_in_the_answer(s):
    s.answer(
        "scale",
        "import torch as t\nfrom functools import partial\ndef scale(x, factor):\n    return t.mul(x, factor)",
    )


@row(FULL, "type hints, decorators and caches are fine")
def decorated(s):
    s.answer(
        "double",
        "import functools\n@functools.lru_cache\ndef double(x: int) -> int:\n    return 2 * x",
    )


@row(FULL, "a dataclass helper is fine")
def dataclass_helper(s):
    s.answer(
        "total",
        "from dataclasses import dataclass\n@dataclass\nclass Sum:\n    value: int = 0\n"
        "def total(values):\n    if len(values) == 0:\n        raise ValueError('empty')\n"
        "    s = Sum()\n    for v in values:\n        s.value += v\n    return s.value",
    )


@row(FULL, "await works at the top of a cell")
def top_level_await(s):
    s.answer("ANSWER", "import asyncio\nasync def later():\n    return 42\nANSWER = await later()")


@row(FULL - 2, "the cell does not parse")
def syntax_error(s):
    s.answer("double", "def double(x:\n    return 2 * x")


@row(FULL - 2, "the name is spelled otherwise")
def misspelled_name(s):
    s.answer("double", "def duoble(x):\n    return 2 * x")


@row(FULL - 2, "a float is no int")
def wrong_type(s):
    s.answer("double", "def double(x):\n    return 2.0 * x")


@row(FULL - 2, "large numbers come out wrong")
def wrong_for_large_numbers(s):
    s.answer("double", "def double(x):\n    return int(2.0 * x)")


@row(FULL - 1, "the input is changed")
def changes_its_input(s):
    s.answer("scale", "def scale(x, factor):\n    x *= factor\n    return x")


@row(FULL - 1, "the empty list is forgotten")
def forgets_the_empty_list(s):
    s.answer("total", "def total(values):\n    return sum(values)")


@row(FULL - 1, "one of two numbers is right")
def half_of_the_halves(s):
    s.answer("halves", "def halves(n):\n    return [n / 2, n / 3]")


@row(FULL - 3, "the layer has no bias, so no weights fit")
def network_without_bias(s):
    s.answer(
        "Net",
        s.cell("Net")["source"].replace("nn.Linear(4, width)", "nn.Linear(4, width, bias=False)"),
    )


@row(FULL - 2, "the ReLU is missing")
def network_without_relu(s):
    s.answer("Net", s.cell("Net")["source"].replace(".relu()", ""))


@row(FULL - 1, "gradients are cut off")
def network_without_gradient(s):
    s.answer("Net", s.cell("Net")["source"].replace("self.dense(x)", "self.dense(x).detach()"))


@row(FULL - 3, "a class that is no network")
def network_that_is_none(s):
    s.answer("Net", "class Net:\n    def __init__(self, width):\n        self.width = width")


@row(FULL, "torch.nn.Sequential does the same, with the same names")
def network_by_subclassing_sequential(s):
    s.answer(
        "Net",
        "from collections import OrderedDict\nclass Net(nn.Sequential):\n    def __init__(self, width):\n"
        "        super().__init__(OrderedDict(dense=nn.Linear(4, width), relu=nn.ReLU()))",
    )


@row(FULL - 2, "None comes back")
def forgets_to_return(s):
    s.answer("double", "def double(x):\n    2 * x")


@row(FULL - 2, "one argument too many")
def wrong_signature(s):
    s.answer("double", "def double(x, y):\n    return 2 * x")


@row(FULL - 2, "endless recursion")
def recursion(s):
    s.answer("double", "def double(x):\n    return double(x)")


@row(FULL, "what a notebook offers is there: display, the numbered results and the last one")
def names_of_a_notebook(s):
    s.answer("double", "display(3)\nprint(len(In), Out, _)\ndef double(x):\n    return 2 * x")


@row(FULL, "options of a timing are no code")
def timed_with_options(s):
    code = "def d(x):\n    return 2 * x\n%timeit -n 10 -r 2 d(3)\n%time y = d(3)\n"
    s.answer("double", code + "assert y == 6\ndef double(x):\n    return d(x)")


@row(FULL, "a helper module that the notebook writes itself can be imported")
def writes_a_module(s):
    s.add("%%writefile helper.py\ndef twice(x):\n    return 2 * x", before="double")
    s.answer("double", "from helper import twice\ndef double(x):\n    return twice(x)")


@row(FULL - 1, "the values are right; the input is changed through NumPy")
def changes_its_input_through_numpy(s):
    code = "    a = x.numpy()\n    a *= factor\n    return torch.from_numpy(a)"
    s.answer("scale", f"def scale(x, factor):\n{code}")


@row(FULL - 1, "the values are right; the input is changed where autograd does not look")
def changes_its_input_through_data(s):
    s.answer("scale", "def scale(x, factor):\n    x.data *= factor\n    return x")


@row(FULL, "inference mode is a way not to need gradients")
def inference_mode(s):
    s.answer("scale", "@torch.inference_mode()\ndef scale(x, factor):\n    return x * factor")


@row(FULL, "old results in the outputs mean nothing")
def stale_outputs(s):
    for cell in s.cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = [
                {"output_type": "error", "ename": "E", "evalue": "old", "traceback": []}
            ]


@row(FULL, "the time of handing in cannot be read, and that is all")
def bad_timestamp(s):
    s.files["timestamp.txt"] = b"\xff\xfeyesterday"


@row(FULL, "an answer in a text cell that was code: its type is restored")
def answer_cell_became_markdown(s):
    s.cell("double")["cell_type"] = "markdown"


@row(FULL, "other files may lie beside it")
def files_beside(s):
    s.files |= {"photo.jpg": b"\xff\xd8", "notes.txt": b"hello", "data/points.csv": b"1,2"}


@row(FULL, "a library that the engine has not loaded can still be imported")
def imports_another_library(s):
    s.answer("double", "def double(x):\n    import alembic, wave\n    return 2 * x")


@row(FULL, "what a cell imports from the future holds for the cells after it, as in Jupyter")
def future_in_another_cell(s):
    s.add("from __future__ import annotations", before="double")
    s.answer("double", "def double(x: Undefined) -> Unknown:\n    return 2 * x")


@row(FULL, "torch.compile gives the function itself: no compiler is waited for")
def compiled(s):
    s.answer("scale", "@torch.compile\ndef scale(x, factor):\n    return x * factor")


@row(FULL, "a default that a scratch cell set is not that of the tests")
def default_dtype(s):
    s.add("torch.set_default_dtype(torch.float64)", before="double")


@row(FULL, "exact numbers of other kinds equal floats")
def exact_fractions(s):
    s.answer(
        "halves",
        "from decimal import Decimal\nfrom fractions import Fraction\n"
        "def halves(n):\n    return [Fraction(n, 2), Decimal(n) / 4]",
    )


@row(FULL, "an object that can be indexed can be indexed by the test")
def other_containers(s):
    s.answer(
        "halves",
        "from collections import deque\ndef halves(n):\n    return deque([n / 2, n / 4])",
    )


@row(FULL - 1, "points that come as a tensor without axes are that number of points")
def half_of_the_halves_in_tensors(s):
    s.answer("halves", "def halves(n):\n    return [torch.tensor(n / 2), torch.tensor(n / 3)]")
