"""A pytest plugin: what nbval has executed is kept, so that the book shows it and need not execute it again.

Only a notebook whose cells all came out as they are committed is kept, in the folder that the
environment names.
"""

import os
from pathlib import Path

import nbformat
import pytest

FOLDER = "CNNBOOK_KEEP_EXECUTED"
PASSED = pytest.StashKey[int]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Put the new outputs of a cell that passed in place of the committed ones."""
    report = yield
    if report.when == "call" and report.passed:
        item.cell.outputs, item.cell.execution_count = item.test_outputs, item.cell_num + 1
        for output in item.cell.outputs:
            if "execution_count" in output:  # nbval runs cells without a history: each has number 0
                output.execution_count = item.cell.execution_count
        item.parent.stash[PASSED] = item.parent.stash.get(PASSED, 0) + 1
    return report


def pytest_runtest_teardown(item, nextitem):
    """After the last cell, write the notebook."""
    if nextitem is not None and nextitem.parent is item.parent:
        return
    notebook = item.parent.nb
    code_cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    if item.parent.stash.get(PASSED, 0) == code_cells:
        nbformat.write(notebook, Path(os.environ[FOLDER]) / item.path.name)
