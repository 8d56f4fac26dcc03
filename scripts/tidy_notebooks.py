"""Bring notebooks into their one committed form: `make tidy`.

Text outputs and execution counts stay, so that nbval has something to compare; image bytes, the
scripts of interactive figures, editors' metadata and the name of the machine go. Tidying twice changes nothing more, and
running a notebook and tidying it again changes nothing either.
"""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from scripts.one_sentence_per_line import one_sentence_per_line
from scripts.paths import chapters, solutions

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = ("covers", "mystnb", "nbgrader", "tags")


def tidy(notebook: dict) -> dict:
    """Return the notebook in its committed form; the argument is left as it was."""
    cells = [_tidy_cell(cell) for cell in notebook["cells"]]
    _give_ids(cells)
    return {
        "cells": cells,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def dump(notebook: dict) -> str:
    """Return the text of a notebook file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _tidy_cell(cell: dict) -> dict:
    source = _text(cell["source"]).strip("\n")
    if cell["cell_type"] == "markdown":
        source = one_sentence_per_line(source)
    kept = {key: value for key, value in cell["metadata"].items() if key in KEPT_CELL_METADATA}
    tidied: dict[str, Any] = {
        "cell_type": cell["cell_type"],
        "id": cell.get("id", ""),
        "metadata": kept,
        "source": source.splitlines(keepends=True),
    }
    if cell["cell_type"] == "code":
        tidied["execution_count"] = cell.get("execution_count")
        tidied["outputs"] = _tidy_outputs(cell.get("outputs", []))
    return tidied


def _tidy_outputs(outputs: list[dict]) -> list[dict]:
    tidied: list[dict[str, Any]] = []
    for output in outputs:
        if output["output_type"] == "stream":
            text = _text(output["text"])
            last = tidied[-1] if tidied else {}
            if last.get("name") == output["name"]:  # one stream, however it was chopped up
                text = "".join(last["text"]) + text
                tidied.pop()
            lines = text.splitlines(keepends=True)
            tidied.append({"name": output["name"], "output_type": "stream", "text": lines})
        elif "data" in output:
            data = {
                kind: _described(_text(value)).splitlines(keepends=True)
                if kind.startswith("text/")
                else value
                for kind, value in output["data"].items()
                if not kind.startswith("image/")
            }
            tidied.append({**output, "data": data, "metadata": {}})
        else:
            tidied.append(output)
    return tidied


def _described(text: str) -> str:
    """Return an interactive figure's description in the place of its code, and other text as it is.

    tests/nbval.cfg does the same to what it compares.
    """
    return re.sub(r"(?s)^<style>.*?(<p>[^<]*</p>)</div><script type=\"module\">.*$", r"\1", text)


def _give_ids(cells: list[dict]) -> None:
    """Keep every id that is there and unique; make the others from the cell's own text."""
    seen = set()
    for cell in cells:
        wanted = cell["id"]
        if not wanted or wanted in seen:
            text = "".join(cell["source"])
            wanted = f"{cell['cell_type']}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        unique, number = wanted, 2
        while unique in seen:
            unique, number = f"{wanted}-{number}", number + 1
        cell["id"] = unique
        seen.add(unique)


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def main() -> int:
    """Tidy the notebooks named, or all chapters and solutions; 1 if `--check` finds work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if there is work"
    )
    parser.add_argument("notebooks", nargs="*", type=Path)
    arguments = parser.parse_args()
    untidy = []
    for path in arguments.notebooks or [*chapters(), *solutions()]:
        before = path.read_text(encoding="utf-8")
        after = dump(tidy(json.loads(before)))
        if after != before:
            untidy.append(path)
            if not arguments.check:
                path.write_text(after, encoding="utf-8")
    for path in untidy:
        print(f"{path}: {'not tidy; run make tidy' if arguments.check else 'tidied'}")
    return int(arguments.check and bool(untidy))


if __name__ == "__main__":
    sys.exit(main())
