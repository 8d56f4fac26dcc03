"""One question, graded by the pure function."""

from dataclasses import asdict, replace

from cnnbook.grading import workers
from cnnbook.grading.intake import HandedIn
from cnnbook.grading.limits import Limits

LIMITS = replace(Limits(), cell_seconds=5)
SETUP = "import numpy as np\nimport random\nimport torch\nfrom torch import nn\n"


def score_of(
    answer: str, test: str, *, right: str = "def f():\n    pass", limits: Limits = LIMITS
) -> tuple[float, dict]:
    """Return the share of points that a test gives an answer, and the question's result."""

    def notebook(source):
        marks = {
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
            "schema_version": 3,
        }
        cells = [
            ("setup", SETUP, {"locked": True}),
            ("f", source, {"solution": True}),
            ("test_f", test, {"grade": True, "locked": True, "points": 1}),
        ]
        return {"cells": [
            {"cell_type": "code", "source": text, "outputs": [],
             "metadata": {"nbgrader": {**marks, "grade_id": name, **more}}}
            for name, text, more in cells
        ]}  # fmt: skip

    release = {
        "notebook": "n.ipynb",
        "solution": notebook(right),
        "release": notebook("# your code"),
    }
    handed = asdict(HandedIn(cells=[{"cell_type": "code", "source": answer, "grade_id": "f"}]))
    result = workers.grade_submission({**release, "files": None}, handed, limits.as_dict())
    (question,) = result["questions"]
    return question["score"], question
