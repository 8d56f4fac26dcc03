"""Run the cells of a notebook one by one, as a kernel would, and keep what they show."""

import __future__

import ast
import asyncio
import builtins
import contextlib
import functools
import inspect
import io
import linecache
import operator
import re
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from IPython.display import display


@dataclass
class Ran:
    """What a cell did: its outputs in notebook format, the value of its last line, and its error."""

    outputs: list[dict] = field(default_factory=list)
    value: object = None
    error: BaseException | None = None
    line: int = 0  # of the cell, where the error happened


class Capped(io.TextIOBase):
    """A text stream that keeps its first characters and says so."""

    def __init__(self, limit: int):
        self.parts: list[str] = []
        self.left = limit

    def write(self, text: object) -> int:
        text = str(text)
        if self.left > 0:
            kept = text[: self.left]
            self.left -= len(kept)
            self.parts.append(kept if self.left else f"{kept}\n… the rest was cut off\n")
        return len(text)

    def writable(self) -> bool:
        return True

    def text(self) -> str:
        """Return what was kept."""
        return "".join(self.parts)


TIMING = re.compile(r"(\s*-([nrpv]\s*\d+|[tcqo]+|-\S+)(?=\s|$))*")  # options of %time and %timeit


# `from __future__ import …` holds for all later cells, as in IPython
FUTURE = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


class Shell:
    """Stands in for IPython's shell: magics that measure run their cell, all others do nothing."""

    def __init__(self, names: dict, may_write: bool):
        self.user_ns, self.may_write = names, may_write

    def run_line_magic(self, name, line, *_, **__):
        statement = TIMING.sub("", line, count=1).strip()
        if name in ("time", "timeit") and statement:
            exec(compile(statement, "<magic>", "exec"), self.user_ns)

    def run_cell_magic(self, name, line, cell):
        if name in ("time", "timeit", "capture", "prun"):
            exec(compile(cell, "<magic>", "exec"), self.user_ns)
        elif name in ("writefile", "file") and self.may_write:
            mode = "a" if "-a" in line.split() else "w"
            with Path(line.split()[-1]).open(mode, encoding="utf-8") as file:
                file.write(cell)

    def system(self, command):
        print(f"(not run while grading: {command})")

    def getoutput(self, command, *_, **__):
        self.system(command)
        return []

    def __getattr__(self, name):
        return lambda *_, **__: None


class CellRunner:
    """One namespace in which cells run one after another; `may_write` lets them write files."""

    def __init__(self, output_limit: int, *, may_write: bool = False):
        self.names: dict = {"__name__": "__main__", "__builtins__": builtins}
        self.output_limit, self.future = output_limit, 0
        self.transform = TransformerManager()
        shell = Shell(self.names, may_write)
        self.names |= {"display": display, "In": [""], "Out": {}, "_": "", "__": "", "___": ""}
        self.names["get_ipython"] = lambda: shell
        self.names["input"] = self.names["raw_input"] = lambda prompt="": ""

    def run(self, source: str, name: str) -> Ran:
        """Run one cell; errors are caught and kept."""
        ran, stdout, stderr = Ran(), Capped(self.output_limit), Capped(self.output_limit)
        filename = f"<{name}>"
        try:
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                text, tree = self._parsed(source, filename)
                lines = text.splitlines(keepends=True)
                linecache.cache[filename] = (len(text), None, lines, filename)
                ran.value = self._execute(tree, filename)
        except BaseException as error:  # SystemExit too: a cell that exits ends there
            ran.error = error
            ran.line = _line_of(error, filename)
        for stream, kept in (("stdout", stdout.text()), ("stderr", stderr.text())):
            if kept:
                ran.outputs.append({"output_type": "stream", "name": stream, "text": kept})
        if ran.error is not None:
            ran.outputs.append(error_output(ran.error, filename))
        elif ran.value is not None:
            ran.outputs.append(self._result(ran.value))
        return ran

    def _parsed(self, source: str, filename: str) -> tuple[str, ast.Module]:
        """Return the cell as plain Python; IPython's transformer is slow, so it is asked only if needed."""
        try:
            return source, ast.parse(source, filename)
        except SyntaxError:
            text = self.transform.transform_cell(source)
            return text, ast.parse(text, filename)

    def _execute(self, tree: ast.Module, filename: str) -> object:
        last = None
        if tree.body and isinstance(shown := tree.body[-1], ast.Expr):
            tree.body.pop()
            last = ast.Expression(shown.value)
        for part, mode in ((tree, "exec"), (last, "eval")):
            if part is None:
                continue
            flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | self.future
            code = compile(part, filename, mode, flags=flags, dont_inherit=True)
            self.future |= code.co_flags & FUTURE
            value = eval(code, self.names)
            if code.co_flags & inspect.CO_COROUTINE:
                value = asyncio.run(value)
        return value if last is not None else None

    def _result(self, value: object) -> dict:
        try:
            text = repr(value)[: self.output_limit]
        except Exception as error:
            text = f"(its repr raised {type(error).__name__})"
        data = {"text/plain": text}
        return {
            "output_type": "execute_result",
            "data": data,
            "metadata": {},
            "execution_count": None,
        }


def describe(error: BaseException) -> str:
    """Return the error's text on one line; an error whose text cannot be had is described as such."""
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be read)"
    return text[:2000]


def error_output(error: BaseException, filename: str) -> dict:
    """Return an error as notebooks keep it, from the cell's own lines on."""
    steps = [s for s in traceback.extract_tb(error.__traceback__) if s.filename.startswith("<")]
    lines = [f"{s.filename.strip('<>')}, line {s.lineno}: {s.line}" for s in steps[-6:]]
    name, text = type(error).__name__, describe(error)
    return {
        "output_type": "error",
        "ename": name,
        "evalue": text,
        "traceback": [*lines, f"{name}: {text}"],
    }


def _line_of(error: BaseException, filename: str) -> int:
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    steps = traceback.extract_tb(error.__traceback__)
    return next((s.lineno or 0 for s in reversed(steps) if s.filename == filename), 0)


def flush_figures(limit: int = 8) -> list[dict]:
    """Return the open figures of matplotlib as PNG outputs, and close them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    outputs: list[dict] = []
    if pyplot is None or not pyplot.get_fignums():
        return outputs
    import base64

    for number in pyplot.get_fignums()[:limit]:
        stream = io.BytesIO()
        pyplot.figure(number).savefig(stream, format="png", dpi=60)
        picture = base64.b64encode(stream.getvalue()).decode()
        if len(picture) < 400_000:
            outputs.append(
                {"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}
            )
    pyplot.close("all")
    return outputs
