"""Written answers: an instructor's browser runs nothing of them, and shows what was written."""

import pytest

from cnnbook.grading import written
from cnnbook.grading.written import harmless, make_harmless

HONEST = [
    "Tests run *outside*, so that `x < y` and **nothing** else counts.",
    "# A heading\n\n> quoted, 1 < 2 & 3 > 2\n\n- one\n- [x] two\n\n1. three",
    "Since $a < b$ and $x_i<y_j>z$, $$\\sum_{i<n} a_i \\le \\frac{1}{2}$$ holds.",
    "\\begin{align}a &< b\\\\ c &> d\\end{align}",
    "See [the paper](https://arxiv.org/abs/1512.03385 'ResNet') or <https://x.org> or http://x.org.",
    "Write to <ann@uni.edu>. H<sub>2</sub>O, a<br>b<br/>c, <b>bold</b>",
    "```python\nif a < b: print('<script>')\n```\n\nand `<img onerror=x>` is code",
    "| a | b |\n|:--|--:|\n| 1 | $x<1$ |",
    "![a picture](https://x.org/a.png)",
    "A<B in prose, and a < b; x<- 3",
]

HOSTILE = [
    "<script>window.hit = 1</script>",
    "<ScRiPt\n>window.hit = 1</script\n>",
    "text <img src=x onerror=window.hit=1> text",
    "<img src=x onerror='window.hit=1'>",
    "text <img src='x' onerror='window.hit=1'> text",
    "a <b class='navbar-fixed-top'>b</b>",
    "`` ` <img src='x' onerror='window.hit=1'> ` ``` ",
    "`unclosed <img src='x' onerror='window.hit=1'>",
    "$x <img src='x' onerror='window.hit=1'> \\$ y",
    "- a\n\n  <img src='x' onerror='window.hit=1'>\n\n> <img src='x' onerror='window.hit=1'>",
    "<svg/onload=window.hit=1>",
    "<details open ontoggle=window.hit=1>x</details>",
    "<b onmouseover=window.hit=1 style='position:fixed;inset:0'>x</b>",
    "<b/onfocus=window.hit=1 autofocus tabindex=1>x</b>",
    "<iframe srcdoc='<script>parent.hit=1</script>'></iframe>",
    "<a href='javascript:window.hit=1'>x</a>",
    LINK := "[x](javascript:window.hit=1)",
    "[x](JaVaScRiPt&colon;window.hit=1)",
    "[x](<java\tscript:window.hit=1>)",
    "[x](&#106;avascript:window.hit=1)",
    "[x][y]\n\n[y]: javascript:window.hit=1",
    "<javascript:window.hit=1>",
    "[x](data:text/html,<script>window.hit=1</script>)",
    "[x](vbscript:x)",
    "![x](javascript:window.hit=1)",
    "$\\href{javascript:window.hit=1}{x}$",
    "```mermaid\n<img src=x onerror=window.hit=1>\n```",
    "`` ` <img src=x onerror=window.hit=1> ` ``` ",
    "$x <img src=x onerror=window.hit=1> \\$ y",
    "$$ x\n\n<script>window.hit=1</script>\n\n",
    "`unclosed <img src=x onerror=window.hit=1>",
    "```\ncode\n````\n<img src=x onerror=window.hit=1>\n```\n<img src=x onerror=window.hit=1>",
    "<!-- the rest of the page is gone",
    "<!--><img src=x onerror=window.hit=1>-->",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=https://x.org'>",
    "<base href=https://x.org>",
    "</div></div><form action=https://x.org><input name=password>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror=window.hit=1>'>",
    "![x](attachment:missing.png)",
    "<x y=`<img src=x onerror=window.hit=1>`>",
    "<script>" + "x" * 30_000,
]


@pytest.mark.parametrize("answer", HONEST)
def test_an_honest_answer_stays_as_it_is(answer):
    assert harmless(answer) == answer


def test_other_tags_become_text_and_mathematics_stays():
    answer = "Let $a<b$. A List<int> holds <i>ints</i>, `<int>` is code. <u>x</u><font color=red>"
    shown = (
        "Let $a<b$. A List&lt;int> holds <i>ints</i>, `<int>` is code. <u>x</u>&lt;font color=red>"
    )
    assert harmless(answer) == shown


@pytest.fixture
def page(browser):
    """An empty page of formgrader's, whose pictures and frames cannot be had."""
    page = browser.new_page()
    page.route("**/*", lambda route: route.abort())
    page.route(
        "http://formgrader/", lambda route: route.fulfill(body=" ", content_type="text/html")
    )
    page.goto("http://formgrader/")
    yield page
    page.close()


@pytest.mark.parametrize("shown_as", ["cell", "harmless", "source"])
def test_a_browser_runs_nothing_of_an_answer(page, shown_as):
    show = {"cell": _through_a_cell, "harmless": harmless, "source": written._as_source}[shown_as]
    for answer in [*HOSTILE, *HONEST]:
        page.set_content(f"<div id=answer>{rendered(show(answer))}</div><p id=after>after</p>")
        assert page.evaluate(HARM) == [], answer
        assert page.evaluate("window.hit === undefined"), answer
        assert page.is_visible("#after"), answer


def test_the_browser_test_sees_what_is_harmful(page):
    for answer in (HOSTILE[0], HOSTILE[3], HOSTILE[4]):
        page.set_content(f"<div id=answer>{rendered(answer)}</div>")
        page.wait_for_function("window.hit === 1")
        page.evaluate("delete window.hit")
    page.set_content(f"<div id=answer>{rendered(LINK)}</div>")
    assert page.evaluate(HARM) == ["A"]


# Elements that may do more than show text: by their kind, by an attribute or by an address.
HARM = """() => [...document.querySelectorAll('#answer *')].filter(e =>
    ['SCRIPT', 'STYLE', 'IFRAME', 'FORM', 'META', 'BASE', 'SVG', 'OBJECT', 'EMBED'].includes(e.tagName)
    || [...e.attributes].some(a => a.name.startsWith('on') || /position/.test(a.value))
    || (e.href && !/^(https?|mailto)?:/.test(e.protocol || ''))
    || (e.src && !/^https?:/.test(e.src))).map(e => e.tagName)"""


def rendered(markdown: str) -> str:
    """Return what formgrader makes of a text cell."""
    from nbconvert.filters import markdown2html

    return markdown2html(markdown)


def _through_a_cell(answer: str) -> str:
    marks = {"nbgrader": {"solution": True, "grade": True}}
    notebook = {"cells": [{"cell_type": "markdown", "metadata": marks, "source": answer}]}
    make_harmless(notebook)
    return notebook["cells"][0]["source"]


def test_an_answer_that_takes_too_long_to_judge_is_shown_as_its_source():
    answer = "<b>" + "".join("`" * n + " " for n in range(1, 190))
    assert harmless(answer).startswith("`" * 190)
