"""A notebook as what decides its outputs: its code cells, alone in an empty folder."""

import json
import os
import tempfile
from pathlib import Path

from scripts.checks.pytests import run_pytest
from scripts.compared_outputs import compared_outputs
from scripts.paths import ROOT
from scripts.proof.unit import Outcome, Unit

NBVAL = (
    "--nbval",
    "--nbval-sanitize-with",
    str(ROOT / "tests/nbval.cfg"),
    "--nbval-cell-timeout",
    "120",
)
KEEP = ("-p", "scripts.nbval_keep_outputs")


def code_cells(path: Path) -> dict:
    """Return a notebook without text, and without metadata that no kernel and no nbval looks at."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [
        cell | {"metadata": {"tags": cell["metadata"].get("tags", [])}}
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]
    metadata = {"kernelspec": notebook["metadata"]["kernelspec"]}
    return notebook | {"cells": cells, "metadata": metadata}


def written(unit: Unit, folder: Path) -> Path:
    """Write a unit's notebook into an empty folder."""
    path = folder / f"{unit.name.replace('/', '-')}.ipynb"
    path.write_text(json.dumps(unit.payload, ensure_ascii=False), encoding="utf-8")
    return path


def validate(unit: Unit, *, keep: bool) -> Outcome:
    """Run strict nbval: every text output must come out as it is committed."""
    from scripts import nbval_keep_outputs

    path = written(unit, Path(tempfile.mkdtemp()))
    executed = tempfile.mkdtemp()
    os.environ[nbval_keep_outputs.FOLDER] = executed
    outcome = run_pytest(*NBVAL, *(KEEP if keep else ()), str(path))
    count = compared_outputs(path)
    if count == 0:
        outcome.failed += 1
        print(f"{unit.name} compares nothing: run make notebooks and commit")
    outcome.notes.append(f"{count} outputs compared")
    if keep and not outcome.failed:
        outcome.artifact = Path(executed) / path.name
    return outcome
