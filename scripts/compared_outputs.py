"""How many outputs of a notebook strict nbval has to compare."""

import json
from pathlib import Path


def compared_outputs(path: Path) -> int:
    """Return the number of committed outputs with text, in cells that nbval does not ignore."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return sum(
        sum("text" in output or bool(output.get("data")) for output in cell.get("outputs", []))
        for cell in cells
        if "nbval-ignore-output" not in cell["metadata"].get("tags", [])
    )
