"""What must be true of every rendered page, and can be read off its HTML."""

import hashlib
from pathlib import Path

from bs4 import BeautifulSoup

from scripts.paths import HTML
from scripts.proof.unit import Outcome, Unit

GENERATED = {"genindex.html", "search.html"}
FEWEST_WORDS = 5


def built_pages() -> list[Path]:
    """Return the pages of the built book. Raises FileNotFoundError where there are none."""
    pages = [page for page in HTML.rglob("*.html") if "_static" not in page.parts]
    if not pages:
        raise FileNotFoundError(f"{HTML} has no pages: run make book")
    return sorted(pages)


def units() -> list[Unit]:
    """Return a unit for each page."""
    return [
        Unit(
            page.relative_to(HTML).as_posix(),
            hashlib.sha256(page.read_bytes()).hexdigest(),
            seconds=1,
        )
        for page in built_pages()
        if page.name not in GENERATED
    ]


def prove(unit: Unit) -> Outcome:
    """Look at a page."""
    problems = problems_of(HTML / unit.name)
    for problem in problems:
        print(f"{unit.name}: {problem}")
    return Outcome(passed=int(not problems), failed=len(problems))


def problems_of(page: Path) -> list[str]:
    """Return one line for each thing that is wrong with a page."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article") or soup
    problems = []
    for image in article.find_all("img"):
        alt = str(image.get("alt") or "")
        if len(alt.split()) < FEWEST_WORDS:
            problems.append(f"figure without alt text: {image.get('src')} has alt {alt!r}")
    if len(article.find_all("h1")) != 1:
        problems.append("a page needs exactly one first-level heading")
    return problems
