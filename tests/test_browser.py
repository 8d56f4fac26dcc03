"""The built book in a real browser, with every request to another host blocked and counted.

Needs the book (`make book`) and a Chromium; `make test-browser` sees to both.
"""

import threading
from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe

from scripts.paths import HTML
from scripts.serve import book_server

PAGES = sorted(
    page.relative_to(HTML).as_posix()
    for page in HTML.rglob("*.html")
    if "_static" not in page.parts and page.name != "genindex.html"
)
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1280, "height": 900}
SMALLEST_CONTRAST = 4.5  # WCAG 2.2, level AA


@pytest.fixture(scope="module")
def address():
    server = book_server(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def visit(browser, address):
    """Return a function that opens a page and returns it with what went wrong meanwhile."""
    contexts = []

    def open_page(path, viewport=DESKTOP, theme="light"):
        context = browser.new_context(viewport=viewport, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        troubles = Counter()

        def guard(route):
            if route.request.url.startswith((address, "data:", "blob:")):
                return route.continue_()
            troubles[f"request to {route.request.url}"] += 1
            return route.abort()

        page.route("**/*", guard)
        page.on("pageerror", lambda error: troubles.update([f"error {error}"]))
        page.on(
            "console",
            lambda message: message.type == "error" and troubles.update([message.text]),
        )
        page.on(
            "response",
            lambda answer: (
                answer.status >= 400 and troubles.update([f"{answer.status} {answer.url}"])
            ),
        )
        page.goto(f"{address}/{path}", wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")
        return page, troubles

    yield open_page
    for context in contexts:
        context.close()


def test_there_are_pages_to_look_at():
    assert "index.html" in PAGES
    assert CHAPTERS


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_no_other_host_and_reports_no_error(visit, path):
    page, troubles = visit(path)
    page.wait_for_load_state("networkidle")
    assert troubles == Counter()


def test_the_guard_counts_a_request_to_another_host(visit):
    page, troubles = visit("index.html")
    page.evaluate("fetch('http://192.0.2.1/x').catch(() => 0)")
    assert any("192.0.2.1" in trouble for trouble in troubles)


@pytest.mark.parametrize("path", CHAPTERS)
def test_mathematics_is_typeset(visit, path):
    page, _ = visit(path)
    page.wait_for_selector("mjx-container")
    formulas = page.locator(".math").count()
    assert formulas > 0
    assert page.locator("mjx-container").count() >= formulas
    assert page.locator("mjx-merror").count() == 0
    assert page.locator("mjx-assistive-mml").count() > 0, "for screen readers"


def test_search_finds_a_word_of_the_chapter(visit):
    page, troubles = visit("search.html?q=pavilion")
    page.wait_for_selector("#search-results li a")
    links = page.locator("#search-results li a").evaluate_all("found => found.map(a => a.href)")
    assert any("chapters/02_convolution" in link for link in links)
    assert troubles == Counter()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_on_a_phone(visit, path):
    page, _ = visit(path, viewport=PHONE)
    page.wait_for_load_state("networkidle")
    wide = page.evaluate(
        "[...document.querySelectorAll('article *')].filter(e => {"
        "  for (let p = e; p; p = p.parentElement)"
        "    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX)) return false;"
        "  return e.getBoundingClientRect().right > innerWidth + 1"
        "}).map(e => e.outerHTML.slice(0, 90))"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation(visit, path, theme):
    page, _ = visit(path, theme=theme)
    page.wait_for_load_state("networkidle")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    bad = [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert bad == []


CONTRASTS = """
() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = c.map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = e => { for (let p = e; p; p = p.parentElement) {
    const c = parse(getComputedStyle(p).backgroundColor);
    if (c.length < 4 || c[3] > 0.99) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...document.querySelectorAll('article p, article h1, article h2, article td, article pre, article li')]
    .filter(e => e.offsetHeight).map(e => {
      const a = light(parse(getComputedStyle(e).color)), b = light(paper(e));
      return {ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), text: e.textContent.slice(0, 40), paper: b};
    });
}
"""


@pytest.mark.parametrize("path", ["index.html", *CHAPTERS])
def test_the_dark_theme_is_dark_and_readable(visit, path):
    page, _ = visit(path, theme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    texts = page.evaluate(CONTRASTS)
    assert texts
    assert max(text["paper"] for text in texts) < 0.2, "every paper is dark"
    assert [text for text in texts if text["ratio"] < SMALLEST_CONTRAST] == []


@pytest.mark.parametrize("path", CHAPTERS)
def test_every_figure_is_there_with_its_alt_text(visit, path):
    page, _ = visit(path)
    images = page.locator("article img").evaluate_all(
        "found => found.map(i => [i.alt.split(' ').length, i.naturalWidth])"
    )
    assert images
    assert all(words >= 5 and width > 100 for words, width in images)


@pytest.mark.parametrize("path", CHAPTERS)
def test_the_launch_button_points_at_the_notebook_in_colab(visit, path):
    page, _ = visit(path)
    notebook = path.replace(".html", ".ipynb")
    wanted = f"https://colab.research.google.com/github/cnnbook/cnnbook/blob/main/{notebook}"
    assert page.locator(f'a[href="{wanted}"]').count() > 0


def test_the_first_thing_that_the_keyboard_reaches_skips_to_the_text(visit):
    page, _ = visit("index.html")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert "Skip to main content" in focused


@pytest.mark.parametrize("path", CHAPTERS)
def test_interactive_figures_come_alive_on_the_page(visit, path):
    page, troubles = visit(path)
    page.wait_for_load_state("networkidle")
    figures = page.locator(".cnnbook-figure")
    for index in range(figures.count()):
        assert len(figures.nth(index).locator(".status").inner_text()) > 20
    assert troubles == Counter()


def test_the_list_of_what_is_computed_links_to_sections_that_exist(visit):
    page, _ = visit("guide/computed.html")
    links = page.locator("main table a").evaluate_all("found => found.map(a => a.href)")
    assert len(links) > 100
    ids = {}
    for link in sorted(set(links)):
        address, anchor = link.split("#")
        path = "chapters/" + address.rsplit("/", 1)[1]
        if path not in ids:
            target, _ = visit(path)
            ids[path] = target.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert anchor in ids[path], link
