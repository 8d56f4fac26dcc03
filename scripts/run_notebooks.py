"""Run notebooks from top to bottom and keep what they print. Run by `make notebooks`.

Each notebook runs in an empty folder, as it would on a reader's machine.
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from scripts.paths import ROOT, chapters, solutions


def run(path: Path) -> None:
    """Execute one notebook and write its outputs back into it."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        NotebookClient(notebook, timeout=180, resources={"metadata": {"path": empty}}).execute()
    nbformat.write(notebook, path)


def main() -> int:
    """Run the notebooks named, or all chapters and solutions."""
    for path in [Path(name) for name in sys.argv[1:]] or [*chapters(), *solutions()]:
        print(f"running {path.resolve().relative_to(ROOT)}", flush=True)
        run(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
