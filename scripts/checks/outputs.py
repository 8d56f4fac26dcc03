"""The chapters' outputs for the book, executed without comparing them."""

import tempfile
from pathlib import Path

import nbformat
from jupyter_cache.executors.utils import single_nb_execution

from scripts.checks.chapters import units  # noqa: F401  (the same, so that either serves the book)
from scripts.checks.notebook import written
from scripts.proof.unit import Outcome, Unit

TIMEOUT = 180  # seconds for a cell, as in _config.yml


def prove(unit: Unit) -> Outcome:
    """Execute a chapter and keep what came out."""
    path = written(unit, Path(tempfile.mkdtemp()))
    notebook = nbformat.read(path, as_version=4)
    done = single_nb_execution(
        notebook, cwd=str(path.parent), allow_errors=False, timeout=TIMEOUT, meta_override=True
    )
    if done.err is not None:
        print(done.exc_string)
        return Outcome(failed=1, notes=[f"{type(done.err).__name__} in {unit.name}"])
    nbformat.write(notebook, path)
    return Outcome(passed=1, artifact=path)
