"""The built pages, the interactive figures and the quizzes in Chromium."""

import hashlib
import re
from pathlib import Path

from scripts.checks.families import BROWSER
from scripts.checks.pages import built_pages
from scripts.checks.pytests import run_pytest
from scripts.paths import HTML, ROOT
from scripts.proof.unit import Outcome, Unit

PAGES, *OTHERS = BROWSER
SITE = "the whole site"


def units() -> list[Unit]:
    """Return a unit for each page, for the site, and for each file of figures and quizzes."""
    shared = hash_of(*(p for p in sorted((HTML / "_static").rglob("*")) if p.is_file()))
    pages = built_pages()
    found = [
        Unit(
            page.relative_to(HTML).as_posix(),
            [shared, hash_of(page, *images_of(page))],
            seconds=25 if page.parent.name == "chapters" else 8,
        )
        for page in pages
        if page.name != "genindex.html"
    ]
    whole = hash_of(*pages, HTML / "searchindex.js")
    return [
        *found,
        Unit(SITE, [shared, whole], seconds=20),
        *(Unit(f, seconds=120) for f in OTHERS),
    ]


def images_of(page: Path) -> list[Path]:
    """Return the images that a page shows."""
    names = re.findall(r'_images/([\w.%-]+)"', page.read_text(encoding="utf-8"))
    return [HTML / "_images" / name for name in sorted(set(names))]


def hash_of(*paths: Path) -> str:
    """Return a hash of the content of files that exist."""
    digest = hashlib.sha256()
    for path in paths:
        if path.exists():
            digest.update(f"{path.relative_to(HTML)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def prove(unit: Unit) -> Outcome:
    """Open a page in each theme and width, or run a file of tests."""
    from scripts.chromium import INSTALL, ensure_chromium

    if ensure_chromium() is None:
        return Outcome(skipped=1, notes=[f"no Chromium; install it: {INSTALL}"])
    if unit.name in OTHERS:
        return run_pytest(str(ROOT / unit.name))
    part = "--site" if unit.name == SITE else f"--page={unit.name}"
    return run_pytest(str(ROOT / PAGES), part)
