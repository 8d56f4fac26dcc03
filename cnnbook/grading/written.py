"""Students' written answers, as formgrader may show them.

It renders their Markdown, HTML included, in a page with the instructor's rights. So what its own
renderer makes of an answer is judged here: an answer with nothing but text, links to the web and
plain tags such as <sub> stays as it is, mathematics included; in others tags become text, and what
is harmful even then is shown as its source.
"""

import contextlib
import re
import threading
from html import escape

from cnnbook.grading.limits import TimeLimit, TooLong

LONGEST, SECONDS = 20_000, 2.0  # what is rendered to be judged: what a person wrote is shorter
SUSPECT = re.compile(r"[<\[]|```|~~~|\\href|://|@")  # all harm needs one of these
PLAIN = ("b", "br", "code", "del", "em", "hr", "i", "ins", "kbd", "mark", "s", "small", "strong", "sub",
         "sup", "u")  # fmt: skip
TAG = re.compile(rf"<(?=[A-Za-z/!?])(?!/?(?:{'|'.join(PLAIN)})\s*/?>)", re.IGNORECASE)
CODE_OR_MATH = re.compile(
    r"^(?P<fence>```+|~~~+).*?^(?P=fence)|(?P<ticks>`+).*?(?<!`)(?P=ticks)(?!`)|\$\$.*?\$\$|\$[^$\n]+\$",
    re.DOTALL | re.MULTILINE,
)
WEB = frozenset(("http", "https", "mailto"))


def harmless(answer: str) -> str:
    """Return Markdown that shows what was written and holds nothing that a browser would run."""
    if not SUSPECT.search(answer):
        return answer
    with contextlib.suppress(TooLong):
        return _judged(answer)
    return _as_source(answer)


def make_harmless(notebook: dict) -> None:
    """Change the written answers of a graded notebook to ones that may be shown."""
    for cell in notebook["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "markdown" and (marks.get("solution") or marks.get("task")):
            cell["source"] = harmless(cell["source"])


def _judged(answer: str) -> str:
    in_time = threading.current_thread() is threading.main_thread()  # signals reach no other
    if len(answer) > (LONGEST if in_time else LONGEST // 10):
        return _as_source(answer)
    with TimeLimit(SECONDS, 4 * SECONDS) if in_time else contextlib.nullcontext():
        for version in (answer, _tags_as_text(answer)):
            if _is_harmless(version):
                return version
    return _as_source(answer)


def _tags_as_text(text: str) -> str:
    parts, begin = [], 0
    for kept in CODE_OR_MATH.finditer(text):
        parts += [TAG.sub("&lt;", text[begin : kept.start()]), kept[0]]
        begin = kept.end()
    return "".join([*parts, TAG.sub("&lt;", text[begin:])])


def _as_source(text: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _is_harmless(text: str) -> bool:
    """Return whether formgrader's renderer finds no HTML in it but plain tags, and only safe links."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    raw: list[str] = []
    links: list[str] = []

    class Listening(IPythonRenderer):
        def inline_html(self, html: str) -> str:
            raw.append(html)
            return ""

        def block_html(self, html: str) -> str:
            return self.inline_html(html)

        def block_mermaidjs(self, code: str) -> str:
            return self.inline_html(code)

        def link(self, text: str, url: str, title: str | None = None) -> str:
            links.append(url)
            return text

        def image(self, text: str, url: str, title: str | None = None) -> str:
            links.append(url)
            return super().image(text, url, title)  # raises where it names what is not there

    try:
        MarkdownWithMath(renderer=Listening(escape=False)).render(text)
    except Exception:
        return False
    return r"\href" not in text and all(map(_is_plain, raw)) and all(map(_is_safe_link, links))


def _is_plain(html: str) -> bool:
    import bleach

    without = bleach.clean(html, tags=PLAIN, attributes={}, strip=True)
    return without == bleach.clean(
        html, tags=PLAIN, attributes=lambda *_: True, strip_comments=False
    )


def _is_safe_link(url: str) -> bool:
    import bleach

    link = f'<a href="{escape(url)}">.</a>'
    return "href" in bleach.clean(link, tags={"a"}, attributes={"a": ["href"]}, protocols=WEB)
