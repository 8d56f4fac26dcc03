"""What must be true of every rendered page, and can be read off its HTML."""

import sys
from pathlib import Path

from bs4 import BeautifulSoup

from scripts.paths import HTML

GENERATED = {"genindex.html", "search.html"}
FEWEST_WORDS = 5


def problems_of(page: Path) -> list[str]:
    """Return one line for each thing that is wrong with a page."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    article = soup.find("article") or soup
    problems = []
    for image in article.find_all("img"):
        alt = image.get("alt", "")
        if len(alt.split()) < FEWEST_WORDS:
            problems.append(f"figure without alt text: {image.get('src')} has alt {alt!r}")
    if len(article.find_all("h1")) != 1:
        problems.append("a page needs exactly one first-level heading")
    return problems


def main() -> int:
    """Check all pages of the built book."""
    pages = sorted(page for page in HTML.rglob("*.html") if page.name not in GENERATED)
    pages = [page for page in pages if "_static" not in page.parts]
    figures, count = 0, 0
    for page in pages:
        figures += page.read_text(encoding="utf-8").count("<img")
        for problem in problems_of(page):
            print(f"{page.relative_to(HTML)}: {problem}")
            count += 1
    print(f"{len(pages)} pages with {figures} images, {count} problems")
    return int(count > 0 or not pages)


if __name__ == "__main__":
    sys.exit(main())
