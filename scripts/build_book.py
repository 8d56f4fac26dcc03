"""Render the book to _build/html, warnings as errors. Run by `make book`.

What the chapters print was executed before, one unit each (scripts/checks/outputs.py), and is put into
the cache that Sphinx reads. Sphinx reads pages that changed; where anything else changed that an
earlier build has read, it reads all of them.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from cnnbook.forked import trace
from scripts.paths import BUILD, HTML, ROOT, chapters
from scripts.proof.memory import is_source

VENDOR = BUILD / "vendor"
CACHE = BUILD / ".jupyter_cache"
DOCTREES = BUILD / ".doctrees"
STATE = BUILD / "rendered.json"  # what the last build has read, and the outputs that it showed
PAGES = (".md", ".ipynb")


def vendor_mathjax(target: Path = VENDOR / "mathjax") -> None:
    """Copy the parts of MathJax that the pages use, so that no page needs a network."""
    if (target / "tex-chtml.js").exists():
        return
    package = distribution("sphinx-mathjax-offline")
    source = Path(str(package.locate_file("sphinx-mathjax-offline/static/mathjax")))
    for part in ("output/chtml/fonts", "a11y", "sre"):
        if (source / part).exists():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
    shutil.copy(source / "tex-chtml.js", target)


def render(outputs: dict[str, Path]) -> bool:
    """Build the pages and return whether that went without a warning.

    outputs: the executed notebook of each chapter, by the chapter's name; one that is missing is
    executed by Sphinx, which says why it fails.
    """
    vendor_mathjax()
    before = last_build()
    if needs_all_pages(before["read"]):
        shutil.rmtree(DOCTREES, ignore_errors=True)
        before = {"read": {}, "outputs": {}}
    show(outputs, before["outputs"])
    if command_fails():
        # Sphinx warns only about pages it reads: read all of them again next time.
        shutil.rmtree(DOCTREES, ignore_errors=True)
        STATE.unlink(missing_ok=True)
        return False
    read = {name: hash_of(name) for name in {*before["read"], *read_by_this_process()}}
    shown = {name: path.name for name, path in outputs.items()}
    STATE.write_text(json.dumps({"read": read, "outputs": shown}))
    return True


def command_fails() -> bool:
    """Run jupyter-book and return whether it failed."""
    command = ["jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--quiet"]
    return subprocess.run(command, cwd=ROOT).returncode != 0


def last_build() -> dict:
    """Return what the last build has read, with hashes, and the outputs that it showed."""
    try:
        return json.loads(STATE.read_text())
    except (OSError, ValueError):
        return {"read": {}, "outputs": {}}


def needs_all_pages(read: dict[str, str]) -> bool:
    """Return whether something changed that decides what pages become and is no page itself.

    Looking at each file also tells whoever follows this process that the pages still depend on it,
    though this build may not read it.
    """
    changed = {name for name, was in read.items() if hash_of(name) != was}
    return not read or any(not name.endswith(PAGES) for name in changed)


def hash_of(name: str) -> str:
    """Return a hash of a file of the repository, or that it is gone."""
    try:
        return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
    except OSError:
        return "nothing"


def read_by_this_process() -> set[str]:
    """Return what this process and those it started have read of the repository, if it is followed."""
    log = os.environ.get(trace.VARIABLE, "").split(os.pathsep)[0]
    return (
        {name for kind, name in trace.lines(Path(log)) if kind == "R" and is_source(name)}
        if log
        else set()
    )


def show(outputs: dict[str, Path], shown: dict[str, str]) -> None:
    """Put outputs into the cache that Sphinx reads; pages that showed others are read again."""
    cache = get_cache(CACHE)
    for path in chapters():
        notebook = nbformat.read(path, as_version=4)
        executed = outputs.get(path.stem)
        if executed and shown.get(path.stem) == executed.name and is_cached(cache, notebook):
            continue
        (DOCTREES / "chapters" / f"{path.stem}.doctree").unlink(missing_ok=True)
        forget(cache, notebook)
        if executed:
            fill_in(notebook, nbformat.read(executed, as_version=4))
            bundle = CacheBundleIn(notebook, str(path), data={})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def fill_in(notebook: nbformat.NotebookNode, executed: nbformat.NotebookNode) -> None:
    """Give the code cells of a notebook the outputs of an executed copy, which has only these."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, done in zip(code, executed.cells, strict=True):
        cell.outputs, cell.execution_count = done.outputs, done.execution_count


def is_cached(cache, notebook: nbformat.NotebookNode) -> bool:
    """Return whether the cache holds outputs of these code cells."""
    try:
        return bool(cache.match_cache_notebook(notebook))
    except KeyError:
        return False


def forget(cache, notebook: nbformat.NotebookNode) -> None:
    """Drop outputs of these code cells: the cache compares code only, and what it calls has changed."""
    if is_cached(cache, notebook):
        cache.remove_cache(cache.match_cache_notebook(notebook).pk)


def main() -> int:
    """Execute what is not yet executed, build, and say where the book is."""
    from scripts.run_checks import run

    code = run(["book"])
    if code == 0:
        print(f"The book is at {HTML / 'index.html'}; `make serve` opens it on localhost.")
    return code


if __name__ == "__main__":
    sys.exit(main())
