"""The built book in a real browser, with every request to another host blocked and counted.

Each page is opened once in each look, and all tests of that scene ask the same open page; tests that
act on a page open their own. Needs the book (`make book`) and a Chromium; `make test-browser` sees to
both. `--page=chapters/02_convolution.html` runs the tests of one page, `--site` those of no one page.
"""

import contextlib
import re
import threading
from collections import Counter
from dataclasses import dataclass

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TookTooLong

from scripts.paths import HTML
from scripts.serve import book_server

PAGES = sorted(
    page.relative_to(HTML).as_posix()
    for page in HTML.rglob("*.html")
    if "_static" not in page.parts and page.name != "genindex.html"
)
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}
LOOKS = {"light": ("light", DESKTOP), "dark": ("dark", DESKTOP), "phone": ("light", PHONE)}
SMALLEST_CONTRAST = 4.5  # WCAG 2.2, level AA
LONGEST_WAIT = 20_000  # ms

# What a page still has to do before it looks as readers see it.
UNFINISHED = """
async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  const figures = [...document.querySelectorAll('.cnnbook-figure')].filter(f => !f.querySelector('.status')?.innerText);
  const images = [...document.images].filter(image => !image.complete);
  return [...figures, ...images].map(e => e.outerHTML.slice(0, 90));
}
"""


@dataclass(frozen=True)
class Scene:
    """A page that is open in the browser, what went wrong so far, and what never got ready."""

    path: str
    page: Page
    troubles: Counter
    unfinished: list[str]


@contextlib.contextmanager
def opened(browser, address, path, look="light"):
    """Open a page in a context of its own, and wait until nothing on it is unfinished."""
    theme, viewport = LOOKS[look]
    context = browser.new_context(viewport=viewport, color_scheme=theme)
    troubles = Counter()

    def refuse(route):
        troubles[f"request to {route.request.url}"] += 1
        route.abort()

    context.route(re.compile(rf"^(?!{re.escape(address)}/|data:|blob:)"), refuse)
    context.on("weberror", lambda problem: troubles.update([f"error {problem.error}"]))
    context.on(
        "console", lambda message: message.type == "error" and troubles.update([message.text])
    )
    context.on(
        "response",
        lambda answer: answer.status >= 400 and troubles.update([f"{answer.status} {answer.url}"]),
    )
    try:
        page = context.new_page()
        page.goto(f"{address}/{path}", wait_until="load")
        with contextlib.suppress(TookTooLong):  # a test says what is missing
            page.wait_for_function(
                f"async () => !(await ({UNFINISHED})()).length", timeout=LONGEST_WAIT
            )
        yield Scene(path, page, troubles, page.evaluate(UNFINISHED))
    finally:
        context.close()


@pytest.fixture(scope="module")
def address():
    server = book_server(0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def scene(browser, address, request):
    """The page in the look that the test names; it is closed before the next is opened."""
    with opened(browser, address, *request.param) as scene:
        yield scene


@pytest.fixture
def visit(browser, address):
    """Return a function that opens a page for this test alone."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(opened(browser, address, path))


def scenes(paths, *looks):
    """Run a test in these scenes; pytest puts the tests of one scene together."""
    return pytest.mark.parametrize(
        "scene",
        [
            pytest.param((path, look), id=f"{path}-{look}", marks=pytest.mark.page(path))
            for path in paths
            for look in looks
        ],
        indirect=True,
        scope="module",
    )


def test_there_are_pages_to_look_at():
    assert "index.html" in PAGES
    assert CHAPTERS


def test_the_guard_counts_a_request_to_another_host(visit):
    scene = visit("index.html")
    scene.page.evaluate("fetch('http://192.0.2.1/x').catch(() => 0)")
    assert any("192.0.2.1" in trouble for trouble in scene.troubles)


def test_search_finds_a_word_of_the_chapter(visit):
    scene = visit("search.html?q=pavilion")
    scene.page.wait_for_selector("#search-results li a")
    links = scene.page.locator("#search-results li a").evaluate_all(
        "found => found.map(a => a.href)"
    )
    assert any("chapters/02_convolution" in link for link in links)
    assert scene.troubles == Counter()


def test_the_first_thing_that_the_keyboard_reaches_skips_to_the_text(visit):
    page = visit("index.html").page
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    assert "Skip to main content" in focused


BROKEN_LINKS = """
async links => {
  const pages = new Map(), broken = [];
  for (const link of links) {
    const [address, anchor] = link.split('#');
    if (!pages.has(address)) {
      const answer = await fetch(address);
      pages.set(address, new DOMParser().parseFromString(answer.ok ? await answer.text() : '', 'text/html'));
    }
    if (!pages.get(address).getElementById(anchor)) broken.push(link);
  }
  return broken;
}
"""


def test_the_list_of_what_is_computed_links_to_sections_that_exist(visit):
    page = visit("guide/computed.html").page
    links = page.locator("main table a").evaluate_all("found => found.map(a => a.href)")
    assert len(links) > 100
    assert all("/chapters/" in link and "#" in link for link in links)
    assert page.evaluate(BROKEN_LINKS, sorted(set(links))) == []


@scenes(CHAPTERS, "light")
def test_mathematics_is_typeset(scene):
    formulas = scene.page.locator(".math").count()
    assert formulas > 0
    assert scene.page.locator("mjx-container").count() >= formulas
    assert scene.page.locator("mjx-merror").count() == 0
    assert scene.page.locator("mjx-assistive-mml").count() > 0, "for screen readers"


@scenes(PAGES, "phone")
def test_nothing_scrolls_sideways_on_a_phone(scene):
    wide = scene.page.evaluate(
        "[...document.querySelectorAll('article *')].filter(e => {"
        "  for (let p = e; p; p = p.parentElement)"
        "    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX)) return false;"
        "  return e.getBoundingClientRect().right > innerWidth + 1"
        "}).map(e => e.outerHTML.slice(0, 90))"
    )
    assert wide == []
    assert scene.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


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


@scenes(["index.html", *CHAPTERS], "dark")
def test_the_dark_theme_is_dark_and_readable(scene):
    assert scene.page.evaluate("document.documentElement.dataset.theme") == "dark"
    texts = scene.page.evaluate(CONTRASTS)
    assert texts
    assert max(text["paper"] for text in texts) < 0.2, "every paper is dark"
    assert [text for text in texts if text["ratio"] < SMALLEST_CONTRAST] == []


@scenes(CHAPTERS, "light")
def test_every_figure_is_there_with_its_alt_text(scene):
    images = scene.page.locator("article img").evaluate_all(
        "found => found.map(i => [i.alt.split(' ').length, i.naturalWidth])"
    )
    assert images
    assert all(words >= 5 and width > 100 for words, width in images)


@scenes(CHAPTERS, "light")
def test_the_launch_button_points_at_the_notebook_in_colab(scene):
    notebook = scene.path.replace(".html", ".ipynb")
    wanted = f"https://colab.research.google.com/github/cnnbook/cnnbook/blob/main/{notebook}"
    assert scene.page.locator(f'a[href="{wanted}"]').count() > 0


@scenes(CHAPTERS, *LOOKS)
def test_interactive_figures_come_alive_on_the_page(scene):
    figures = scene.page.locator(".cnnbook-figure")
    told = figures.evaluate_all(
        "found => found.map(figure => figure.querySelector('.status')?.innerText ?? '')"
    )
    assert all(len(status) > 20 for status in told), told


# Axe would fetch style sheets a second time, from wrong addresses, for rules that are off.
AXE_OPTIONS = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}


# Contrast is two thirds of axe's work, and most of it is code, whose tokens lie side by side on one
# paper in five colours. Tokens that look the same there have the same contrast: the first is measured.
# Axe never fails single characters, nor symbols; so these stand for no words.
MEASURE_ALIKE_TOKENS_ONCE = """
() => {
  const looks = ['backgroundColor', 'backgroundImage', 'color', 'display', 'filter', 'fontSize', 'fontWeight',
    'mixBlendMode', 'opacity', 'position', 'textShadow', 'transform', 'visibility'];
  for (const code of document.querySelectorAll('.highlight pre')) {
    const seen = new Set();
    for (const token of code.children) {
      const text = token.textContent.trim();
      if (token.children.length || (text.length > 1 && !/\\w\\w/.test(text))) continue;
      const style = getComputedStyle(token), look = [text.length > 1, ...looks.map(name => style[name])].join();
      if (seen.has(look)) token.dataset.likeAnother = '';
      seen.add(look);
    }
  }
  axe.configure({ rules: [{ id: 'color-contrast', selector: ':not([data-like-another])' }] });
}
"""


@scenes(PAGES, "light", "dark")
def test_axe_finds_no_serious_violation(scene):
    scene.page.evaluate(AXE_SCRIPT)
    scene.page.evaluate(MEASURE_ALIKE_TOKENS_ONCE)
    found = scene.page.evaluate("async options => (await axe.run(options)).violations", AXE_OPTIONS)
    bad = [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert bad == []


# Last in each scene, so that it also counts what a page does after it was loaded.
@scenes(PAGES, *LOOKS)
def test_a_page_asks_no_other_host_and_reports_no_error(scene):
    scene.page.evaluate("0")  # what happened before this has been told by now
    assert scene.troubles == Counter()
    assert scene.unfinished == []
