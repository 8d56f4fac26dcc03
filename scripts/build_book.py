"""Render the book to _build/html, warnings as errors. Run by `make book`."""

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution

from cnnbook.forked.kernel import warm_kernels
from scripts.paths import BUILD, HTML, ROOT, chapters

VENDOR = BUILD / "vendor"
CACHE = BUILD / ".jupyter_cache"
DOCTREES = BUILD / ".doctrees"
FINGERPRINT = BUILD / "code-fingerprint"
TIMEOUT = 180  # seconds for a cell, as in _config.yml


def vendor_mathjax(target: Path = VENDOR / "mathjax") -> None:
    """Copy the parts of MathJax that the pages use, so that no page needs a network."""
    if (target / "tex-chtml.js").exists():
        return
    package = distribution("sphinx-mathjax-offline")
    source = Path(package.locate_file("sphinx-mathjax-offline/static/mathjax"))
    for part in ("output/chtml/fonts", "a11y", "sre"):
        if (source / part).exists():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
    shutil.copy(source / "tex-chtml.js", target)


def code_fingerprint() -> str:
    """Return a hash of all code, outside the notebooks, that decides what a cell prints."""
    digest = hashlib.sha256()
    package = [p for p in (ROOT / "cnnbook").rglob("*") if p.is_file() and p.suffix != ".pyc"]
    for path in [*sorted(package), ROOT / "requirements.txt"]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def forget_outdated_outputs() -> None:
    """Drop the cached outputs when code has changed that the cache does not look at.

    The cache compares code cells only; a change in `cnnbook/` would go unseen.
    """
    fingerprint = code_fingerprint()
    if not FINGERPRINT.exists() or FINGERPRINT.read_text() != fingerprint:
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.rmtree(DOCTREES, ignore_errors=True)
    BUILD.mkdir(exist_ok=True)
    FINGERPRINT.write_text(fingerprint)


def keep_outputs(executed: list[Path]) -> None:
    """Put chapters that were executed elsewhere, those that exist, into the cache of outputs."""
    forget_outdated_outputs()
    for path in filter(Path.exists, executed):
        keep(nbformat.read(path, as_version=4), path.name)


def keep(notebook: nbformat.NotebookNode, name: str, **data) -> None:
    """Put the outputs of an executed chapter into the cache that Sphinx reads."""
    bundle = CacheBundleIn(notebook, str(ROOT / "chapters" / name), data=data)
    get_cache(CACHE).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def execute_chapters() -> None:
    """Execute the chapters that the cache lacks, as many at once as there are cores.

    Sphinx would run them one after another. A chapter that fails is left to it: it says why.
    """
    cache = get_cache(CACHE)
    waiting = []
    for path in chapters():
        notebook = nbformat.read(path, as_version=4)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((path, notebook))

    def execute(job):
        path, notebook = job
        done = single_nb_execution(
            notebook, cwd=str(path.parent), allow_errors=False, timeout=TIMEOUT, meta_override=True
        )
        return path, notebook, done

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is done in the kernels
        for path, notebook, done in pool.map(execute, waiting):
            if done.err is None:
                keep(notebook, path.name, execution_seconds=done.time)


def main() -> int:
    """Build the book and return the exit code."""
    vendor_mathjax()
    forget_outdated_outputs()
    command = ["jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--quiet"]
    os.environ["OMP_NUM_THREADS"] = "1"  # each chapter has one core
    with warm_kernels(threads=1):
        if not os.environ.get("CNNBOOK_COLD_KERNELS"):
            execute_chapters()
        built = subprocess.run(command, cwd=ROOT)
    if built.returncode:
        # Sphinx warns only about pages it reads: read all of them again next time.
        shutil.rmtree(DOCTREES, ignore_errors=True)
        return built.returncode
    print(f"The book is at {HTML / 'index.html'}; `make serve` opens it on localhost.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
