"""Attacks: forged answers, forged notebooks, stolen resources, escapes, and texts that bite later.

`PROBE` is where an escape would leave its trace; the test looks there. Every attack is beside right
answers to the other questions, which keep their points.
"""

import ast
import inspect

from cnnbook.grading.probes import PROBES
from tests.submissions.course import FULL, NOTEBOOK, Submission
from tests.submissions.rows import row

PROBE = "/var/tmp/cnnbook-corpus-escape"

# --- forged answers


def forged(score: float, why: str, question: str = "double"):
    """Add a row whose answer to one question is the function's docstring."""

    def add(function):
        source = inspect.cleandoc(function.__doc__)
        ast.parse(source)  # the attack, and not its indentation, must be what fails

        def spoil(s: Submission):
            s.answer(question, source)

        spoil.__name__ = function.__name__
        row(score, why)(spoil)
        return function

    return add


@forged(FULL - 2, "an int that equals everything arrives as an int")
def int_that_equals_everything():
    """
    class Always(int):
        __eq__ = __ge__ = __le__ = lambda self, other: True
        __hash__ = None
    def double(x):
        return Always(0)
    """


@forged(FULL - 2, "an object that equals everything is not data")
def object_that_equals_everything():
    """
    class Always:
        __class__ = int
        __eq__ = lambda self, other: True
    def double(x):
        return Always()
    """


@forged(FULL - 2, "a tensor subclass arrives as a tensor", "scale")
def tensor_that_agrees():
    """
    class Agrees(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return True if func.__name__ in ("allclose", "equal") else super().__torch_function__(func, types, args, kwargs or {})
    def scale(x, factor):
        return torch.zeros_like(x).as_subclass(Agrees)
    """


@forged(FULL - 2, "the student's numpy and torch are not those of the tests", "scale")
def patched_libraries():
    """
    import torch, numpy.testing, builtins
    torch.allclose = torch.equal = lambda *a, **k: True
    numpy.testing.assert_allclose = lambda *a, **k: None
    builtins.isinstance = lambda *a: True
    def scale(x, factor):
        return x
    """


@forged(FULL - 2, "the student's checks are not those of the tests")
def patched_checks():
    """
    import cnnbook.checks, sys
    cnnbook.checks.expect = lambda *a, **k: None
    sys.modules["cnnbook.checks"].expect = lambda *a, **k: None
    expect = lambda *a, **k: None
    def double(x):
        return 0
    """


@forged(FULL - 2, "AssertionError is rebound on the wrong side")
def patched_exceptions():
    """
    import builtins
    builtins.AssertionError = ValueError
    class double(Exception):
        pass
    """


@forged(FULL - 2, "an exception that pretends to be a pass")
def custom_exception():
    """
    class Fine(BaseException):
        def __str__(self):
            raise SystemExit(0)
    def double(x):
        raise Fine()
    """


@forged(FULL - 2, "leaving the process is no answer")
def system_exit():
    """
    def double(x):
        raise SystemExit(0)
    """


@forged(FULL - 2, "leaving the process at once is no answer")
def hard_exit():
    """
    import os
    def double(x):
        os._exit(0)
    """


@forged(FULL - 2, "a keyboard interrupt is the student's own")
def keyboard_interrupt():
    """
    def double(x):
        raise KeyboardInterrupt
    """


@forged(FULL - 2, "there are no test frames to look into")
def frame_inspection():
    """
    import sys
    def double(x):
        frame = sys._getframe()
        while frame:
            for value in frame.f_locals.values():
                if isinstance(value, dict) and "gives" in value:
                    return value["gives"]
            frame = frame.f_back
    """


@forged(FULL - 2, "the rubbish collector finds no test either")
def garbage_inspection():
    """
    import gc
    def double(x):
        found = [o for o in gc.get_objects() if isinstance(o, str) and "HIDDEN TESTS" in o and "any int" in o]
        return 2 * x if found else 0
    """


@forged(FULL - 2, "answers are written into the channel by hand")
def protocol_forgery():
    """
    import os, json, struct
    def double(x):
        for fd in range(3, 64):
            for n in range(1, 200):
                text = json.dumps({"n": n, "value": 6, "tensors": [], "changed": {"tensors": [], "containers": [], "networks": []}}).encode()
                try:
                    os.write(fd, struct.pack(">QQ", len(text), 0) + text)
                except OSError:
                    break
        return 0
    """


@forged(FULL - 2, "garbage in the channel")
def protocol_garbage():
    """
    import os
    def double(x):
        for fd in range(3, 64):
            try:
                os.write(fd, b"\\xff" * 100000)
            except OSError:
                pass
        return 0
    """


def answers_replaced(name: str, content: str, score: float, why: str) -> None:
    """Add a row whose process sends other answers than it should, from before the first question."""

    def spoil(s: Submission):
        s.add(
            f"import json\nreal = json.dumps\n"
            f"json.dumps = lambda m, *a, **k: real({{**m, {content}}}, *a, **k)",
            before="double",
        )

    spoil.__name__ = name
    row(score, why)(spoil)


# Each of these ended the trusted process, which then had no score for anything.
for _name, _content in {
    "values_that_are_none": '"names": 7, "value": 7',
    "values_of_no_kind": '"names": {"double": [1], "scale": {"t": "x"}}, "value": {"t": "x"}',
    "a_tensor_that_is_not_there": '"names": {"double": {"t": "tensor", "d": "float32", "s": [1], "o": [0], "b": 10**9}}, "value": 0',
}.items():
    answers_replaced(_name, _content, 0, "answers that cannot be read are no answers")
for _name, _content in {
    "an_end_that_is_no_number": '"ended": []',
    "outputs_that_are_none": '"outputs": [{"output_type": "error", "traceback": 5}]',
    "an_error_without_a_class": '"failed": {"classes": 5}',
}.items():
    answers_replaced(_name, _content, FULL, "the cell that broke its process is left out")


@forged(FULL - 2, "a reader of pickles would run this")
def pickle_bomb():
    """
    class Bomb:
        def __reduce__(self):
            import os
            return os.system, ("touch /var/tmp/cnnbook-corpus-escape",)
    def double(x):
        return Bomb()
    """


@forged(FULL - 2, "an answer that holds itself")
def endless_value():
    """
    def double(x):
        held = []
        held.append(held)
        return held
    """


@forged(FULL - 2, "an answer of two gigabytes")
def enormous_value():
    """
    def double(x):
        return [b"x" * (1 << 27)] * 16
    """


@forged(FULL - 2, "a number too long to print")
def enormous_int():
    """
    def double(x):
        return 10 ** 2_000_000
    """


@forged(FULL - 1, "not a number of points", "halves")
def forged_partial_credit():
    """
    class Points(float):
        __eq__ = lambda self, other: 10**9
        __rmul__ = __mul__ = __add__ = lambda self, other: 10**9
    def halves(n):
        return [Points(4.0), Points(3.0)]
    """


@forged(FULL - 2, "an array of points is no number of points", "halves")
def array_as_partial_credit():
    """
    import numpy as np
    def halves(n):
        return [np.zeros(2), np.zeros(2)]
    """


@forged(FULL - 1, "nan is not the answer", "ANSWER")
def variable_that_equals_everything():
    """
    class Always(int):
        __eq__ = lambda self, other: True
        __hash__ = None
    ANSWER = Always(1)
    """


@forged(FULL - 3, "a network whose parameters lie", "Net")
def network_that_lies():
    """
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
        def parameters(self, recurse=True):
            return iter([torch.zeros(25)])
        def __call__(self, x):
            return torch.zeros(3, 5)
    """


@forged(FULL - 3, "gradients without the values", "Net")
def network_with_hooks():
    """
    class Net(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.dense = nn.Linear(4, width)
            self.register_forward_hook(lambda m, i, o: o * 0 + 0.5 * o.sum())
        def forward(self, x):
            return self.dense(x)
    """


@forged(FULL - 1, "an input that is spoilt behind autograd's back is spoilt", "scale")
def input_spoilt_through_numpy():
    """
    def scale(x, factor):
        right = x * factor
        x.numpy()[...] = 0
        return right
    """


@forged(FULL - 2, "text that no file can hold spoils nobody's page")
def half_a_surrogate():
    r"""
    print("\ud800 \x00 \x1b[2J \u202e")
    Odd = type("\ud800<b>", (Exception,), {})
    def double(x):
        if x == 3:
            return "\ud800\x00"
        raise Odd("\udfff")
    """


@row(FULL - 2, "an input transformer has no test to blank")
def input_transformer(s):
    s.add(
        "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: ['pass\\n'])\n"
        "ip.ast_transformers.append(None)",
        before="double",
    )
    s.answer("double", "def double(x):\n    return 0")


@row(FULL - 2, "hooks before and after cells do nothing to tests")
def event_hooks(s):
    s.add("get_ipython().events.register('pre_run_cell', lambda *a: exit())", before="double")
    s.answer("double", "def double(x):\n    return 0")


@row(FULL - 2, "a magic that skips cells skips nothing")
def skip_magic(s):
    s.add("%%script false --no-raise-error\nraise SystemExit", before="double")
    s.answer("double", "def double(x):\n    return 0")


@row(FULL - 2, "tests come from the instructor")
def emptied_tests(s):
    s.answer("double", "def double(x):\n    return 0")
    s.cell("test_double")["source"] = "pass"


@row(FULL - 2, "points come from the instructor")
def raised_points(s):
    s.answer("double", "def double(x):\n    return 0")
    for cell in s.cells:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["points"] = 1000


@row(FULL - 2, "ids that were swapped find their instructor's cell")
def swapped_ids(s):
    s.answer("double", "def double(x):\n    return 0")
    one, other = s.cell("test_double"), s.cell("test_answer")
    a, b = one["metadata"]["nbgrader"], other["metadata"]["nbgrader"]
    a["grade_id"], b["grade_id"] = b["grade_id"], a["grade_id"]


@row(FULL - 2, "a tag that skips the cell is not read")
def tags(s):
    s.answer("double", "def double(x):\n    return 0")
    s.cell("test_double")["metadata"]["tags"] = ["skip-execution", "raises-exception"]


@row(FULL - 2, "outputs are not read")
def forged_outputs(s):
    s.answer("double", "def double(x):\n    return 0")
    data = {"text/plain": "2.0"}
    s.cell("test_double")["outputs"] = [
        {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
    ]


@row(FULL - 2, "a test turned into text is still a test")
def test_as_markdown(s):
    s.answer("double", "def double(x):\n    return 0")
    s.cell("test_double")["cell_type"] = "markdown"


@row(FULL - 2, "a test marked as an answer is still a test")
def test_as_answer(s):
    s.answer("double", "def double(x):\n    return 0")
    s.cell("test_double")["metadata"]["nbgrader"] |= {
        "solution": True,
        "grade": False,
        "locked": False,
    }
    s.cell("test_double")["source"] = "double = lambda x: 2 * x\nexpect = print"


@row(FULL, "ids of other kinds are no ids")
def strange_metadata(s):
    s.cells[0]["metadata"] = {"nbgrader": {"grade_id": ["a", {}], "points": "NaN"}}
    s.cells.append({"cell_type": "code", "metadata": {"nbgrader": 7}, "source": 3, "outputs": {}})
    s.notebook["metadata"] = ["no", "object"]


@row(FULL, "files that shadow modules lie where nobody imports from")
def shadowed_modules(s):
    for name in ("torch.py", "cnnbook.py", "random.py", "hashlib.py", "sitecustomize.py"):
        s.files[name] = f"open({PROBE!r}, 'w').write('shadow')\nraise SystemExit".encode()


# --- resources


@forged(FULL - 2, "an endless loop")
def endless_loop():
    """
    def double(x):
        while True:
            pass
    """


@forged(FULL - 2, "a loop that swallows interrupts")
def loop_that_swallows_interrupts():
    """
    import signal
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    def double(x):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    """


@row(FULL - 2, "a cell that never ends")
def cell_that_never_ends(s):
    s.answer("double", "import time\ntime.sleep(10**6)\ndef double(x):\n    return 2 * x")


@forged(FULL - 2, "fifty gigabytes")
def fifty_gigabytes():
    """
    def double(x):
        return len(bytearray(50 << 30))
    """


@forged(FULL - 2, "fifty gigabytes in a tensor", "scale")
def fifty_gigabyte_tensor():
    """
    def scale(x, factor):
        return torch.ones(50 << 28, dtype=torch.float32)
    """


@row(FULL, "a fork bomb before right answers is ended with its cell")
def fork_bomb(s):
    s.add("import os\nwhile True:\n    os.fork()", before="double")


@row(FULL, "daemons end with their session")
def daemon(s):
    s.add(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        time.sleep(8)\n        open({PROBE!r}, 'w').write('daemon')\n    os._exit(0)",
        before="double",
    )


@row(FULL, "a gigabyte of output is cut off")
def gigabyte_of_output(s):
    s.add(
        "import os\nfor _ in range(1000):\n    print('z' * 1_000_000)\nos.write(1, b'y' * (1 << 24))",
        before="double",
    )


@row(FULL, "a million files do not fit")
def million_files(s):
    s.add("for n in range(10**6):\n    open(f'file{n}', 'w').close()", before="double")


@row(FULL, "a full scratch folder is the student's own")
def full_disk(s):
    s.add(
        "with open('large', 'wb') as f:\n    for _ in range(10**4):\n        f.write(bytes(1 << 20))",
        before="double",
    )


@row(FULL, "threads at exit end too")
def threads_at_exit(s):
    s.add(
        "import atexit, threading, time\natexit.register(lambda: time.sleep(10**6))\n"
        "threading.Thread(target=lambda: time.sleep(10**6)).start()",
        before="double",
    )


@row(FULL, "memory that no process counts as its own costs its cell only")
def shared_memory(s):
    s.add(
        "import mmap\nblock, kept = b'x' * (1 << 20), []\nfor _ in range(40):\n"
        "    kept.append(mmap.mmap(-1, 1 << 26))\n    for _ in range(64):\n"
        "        kept[-1].write(block)",
        before="double",
    )


@row(FULL, "so does what lies in the sockets of many processes")
def full_sockets(s):
    probe = PROBES["what lies in sockets is limited"].format(processes=45, memory=1 << 30)
    s.add(probe, before="double")


@row(FULL, "busy processes take computing time from their own submission only")
def busy_processes(s):
    s.add("import os\nfor _ in range(5):\n    os.fork()\nwhile True:\n    pass", before="double")


@row(FULL, "an answer may wait for longer than it may compute")
def waits(s):
    s.answer("double", "import time\ndef double(x):\n    time.sleep(0.9)\n    return 2 * x")


@row(FULL, "five thousand cells of nothing")
def thousands_of_cells(s):
    for number in range(1500):
        s.cells.append(
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": f"x{number} = 1"}
        )


@row(FULL, "a cell of six megabytes is left out, and nobody else parses it")
def enormous_cell(s):
    s.add("a=1;" * (3 << 19), before="double")
    for cell in s.cells:
        cell["metadata"] = {}


@row(0, "brackets as deep as they go")
def deep_json(s):
    s.name, s.files = None, {NOTEBOOK: b"[" * 200_000}


# --- escapes


@row(FULL, "there is no network")
def network(s):
    s.add(
        "import socket, urllib.request\nsocket.setdefaulttimeout(1)\n"
        "for place in (('127.0.0.1', 22), ('1.1.1.1', 53)):\n    try:\n        socket.create_connection(place)\n"
        "    except OSError:\n        continue\n    double = None",
        after="double",
    )


@row(FULL, "nothing of the course is in view")
def reads_the_course(s):
    s.add(
        "import os\nfound = []\nfor top, folders, files in os.walk('/'):\n"
        "    if top.startswith(('/proc', '/usr', '/lib')) or 'site-packages' in top:\n"
        "        folders.clear()  # nbgrader's own tests bring a gradebook.db\n        continue\n"
        "    found += [f for f in files if f in ('gradebook.db', 'nbgrader_config.py')]\n"
        "    found += [f for f in files if f.endswith('.ipynb')\n"
        "              and 'HIDDEN TESTS' in open(os.path.join(top, f)).read()]\n"
        "if found:\n    double = None",
        after="double",
    )


@row(FULL - 2, "solutions are not to be found")
def reads_the_solution(s):
    s.answer(
        "double",
        "import glob, json\nfor path in glob.glob('/**/solutions/**/*.ipynb', recursive=True):\n"
        "    exec(next(''.join(c['source']) for c in json.load(open(path))['cells'] if 'def double' in ''.join(c['source'])))",
    )


@row(FULL, "the gradebook cannot be written")
def writes_the_gradebook(s):
    s.add(
        "import sqlite3\nfor path in ('../../../gradebook.db', '/gradebook.db', '../gradebook.db'):\n"
        "    try:\n        sqlite3.connect(path).execute('update grade set auto_score = 100')\n"
        "    except sqlite3.Error:\n        pass",
        before="double",
    )


@row(FULL, "writing outside leaves no trace")
def writes_outside(s):
    s.add(
        f"import os\nfor place in ({PROBE!r}, '/tmp/../var/tmp/x', os.path.expanduser('~/x'), '/etc/x', '../x'):\n"
        "    try:\n        open(place, 'w').write('out')\n    except OSError:\n        pass",
        before="double",
    )


@row(FULL, "the trusted process is out of reach")
def attacks_the_parent(s):
    s.add(
        "import os, signal\nfor pid in [*range(2, 400), os.getppid()]:\n    try:\n        if pid not in (0, os.getpid()):\n"
        "            os.kill(pid, signal.SIGKILL)\n    except OSError:\n        pass",
        before="double",
    )


def got_through(name: str, why: str, wall: str) -> None:
    """Add a row that takes its own answer away where the doctor's attempt at a wall succeeds."""

    def spoil(s: Submission):
        s.add(f"{PROBES[wall].format()}\nif through:\n    double = None", after="double")

    spoil.__name__ = name
    row(FULL, why)(spoil)


got_through("mounts", "mounting and new namespaces are refused", "no new namespaces and no mounts")
got_through("calls", "what no answer needs of the kernel is refused", "system calls are filtered")


@row(FULL, "there are no sockets but Unix ones")
def sockets(s):
    s.add(
        "import socket\nfor family in range(2, 46):\n    for kind in (1, 2, 3):\n        try:\n"
        "            socket.socket(family, kind)\n        except OSError:\n            continue\n"
        "        double = None",
        after="double",
    )


@row(0, "outputs that never end")
def endless_outputs(s):
    s.name, s.files = None, {NOTEBOOK: b'{"cells": [{"outputs": [' + b'\\"' * (11 << 20)}


@row(0, "a link instead of a notebook is not followed")
def notebook_is_a_link(s):
    s.name, s.links = None, {NOTEBOOK: "../../../solutions/tiny/tiny.ipynb"}


@row(0, "a link to a folder is not followed")
def folder_is_a_link(s):
    s.name, s.links = None, {"inside": "../../../solutions/tiny"}


@row(FULL, "a link beside the notebook is not followed")
def link_beside(s):
    s.links = {"passwords": "/etc/passwd", "timestamp.txt": "/etc/hostname"}


# --- texts that bite later


@forged(FULL - 2, "what an error says is shown as text")
def script_in_an_error():
    """
    def double(x):
        raise ValueError("<script>alert(1)</script></pre><style>*{display:none}</style>")
    """


@row(FULL, "formgrader shows a written answer, and runs nothing of it")
def script_in_a_written_answer(s):
    s.cell("written")["source"] = "$a<b$ <script>alert(1)</script> [x](javascript:alert(1))"


@row(FULL, "what a cell shows is not part of the page")
def script_in_an_output(s):
    s.add(
        "from IPython.display import HTML, display\ndisplay(HTML('<script>alert(1)</script>'))\nHTML('<script>alert(2)</script>')",
        before="double",
    )


@row(FULL, "a hidden test does not come out by the student's own words")
def leaks_its_inputs(s):
    s.add("import sys\nprint(open(sys.argv[0]).read() if sys.argv[0] else '')", before="double")


@forged(FULL - 2, "a line break and colours do not forge a line of the log")
def log_forgery():
    """
    def double(x):
        raise ValueError("\\n\\x1b[2J17 graded, all right\\r\\nFAILED 'someone else'")
    """


@forged(FULL - 2, "a repr that raises")
def repr_that_raises():
    """
    class R:
        def __repr__(self):
            raise RuntimeError
    def double(x):
        return R()
    """


@forged(FULL - 2, "a function that is slow only where nobody looks")
def slow_when_hidden():
    """
    import time
    def double(x):
        if x != 3:
            time.sleep(10**6)
        return 2 * x
    """


@forged(FULL - 2, "a generator without end")
def endless_generator():
    """
    import itertools
    def double(x):
        return (n for n in itertools.count())
    """


@forged(FULL - 1, "dies in one call of many", "total")
def crash_in_one_call():
    """
    import ctypes
    def total(values):
        if not values:
            ctypes.string_at(0)
        return sum(values)
    """
