"""Put each sentence of a Markdown text on a line of its own, so that a diff shows sentences."""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt

_FENCE = re.compile(r"^\s*(`{3,}|~{3,}|:{3,}|\${2})")
_BEGIN, _END = re.compile(r"^\s*\\begin\{"), re.compile(r"^\s*\\end\{")
_LEAVE = re.compile(
    r"^(\s*$|\s*#|\s*\||\s*<|\s*\[[^\]]+\]:|\s*:[\w-]+:|\s{4,}|---|===|\([\w-]+\)=)"
)
_MARKER = re.compile(r"^(\s*)((?:[-*+]|\d+[.)])\s+|(?:>\s?)+|:\s+)")
_STARTS_BLOCK = re.compile(r"^([-*+](\s|$)|[>|#:<]|\d+[.)]\s|={2,}|`{3}|~{3}|\${2})")
_MASKED = re.compile(r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|<[^>]*>")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]*_]*\s+(?=[\"'“‘(\[*_`$]*[A-Z0-9`$\[])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|Fig|Figs|Eq|Sec|Ch|No|Dr|approx|resp|pp)|\b[A-Z])\.$"
)


def one_sentence_per_line(text: str) -> str:
    """Return the Markdown text with each sentence of its prose on a line of its own.

    Code, formulas, tables, headings, HTML and directives stay as they are. A text whose rendered
    page would change is returned as it is.
    """
    candidate = _split(text)
    is_stable = _split(candidate) == candidate
    return candidate if is_stable and rendered(candidate) == rendered(text) else text


def rendered(text: str) -> str:
    """Return the text as HTML, with every run of white space outside code as one space."""
    html = MarkdownIt("commonmark").enable("table").render(text)
    parts = re.split(r"(<pre>.*?</pre>)", html, flags=re.S)
    return "".join(p if p.startswith("<pre>") else re.sub(r"\s+", " ", p) for p in parts)


def _split(text: str) -> str:
    result: list[str] = []
    block: list[str] = []
    closing: Callable[[str], bool] | None = None
    for line in text.split("\n"):
        if closing is not None:
            result.append(line)
            closing = None if closing(line) else closing
            continue
        opens = _closing_rule(line)
        if opens or _LEAVE.match(line):
            result += _split_block(block)
            block = []
            result.append(line)
            closing = opens
        elif _MARKER.match(line):
            result += _split_block(block)
            block = [line]
        else:
            block.append(line)
    return "\n".join(result + _split_block(block))


def _closing_rule(line: str) -> Callable[[str], bool] | None:
    """Return a function that recognises the end of the block that this line opens, or None."""
    fence = _FENCE.match(line)
    if fence:
        mark = fence.group(1)
        if mark == "$$" and line.strip() != "$$" and line.strip().endswith("$$"):
            return None
        if mark.startswith(":"):
            return None  # a directive's body is prose
        return lambda later: (
            later.strip().startswith(mark) or (mark == "$$" and later.strip().endswith("$$"))
        )
    return (lambda later: bool(_END.match(later))) if _BEGIN.match(line) else None


def _split_block(block: list[str]) -> list[str]:
    if not block or any(line.endswith(("  ", "\\")) for line in block):
        return block
    if _FENCE.match(block[0]):
        return block
    marker = _MARKER.match(block[0])
    first = marker.group(0) if marker else ""
    quoted = ">" in first
    later = first if quoted else " " * len(first)
    if quoted and len(block) > 1:
        return block
    body = " ".join([block[0][len(first) :].strip(), *(line.strip() for line in block[1:])])
    sentences = _sentences(body)
    return [first + sentences[0], *(later + sentence for sentence in sentences[1:])]


def _sentences(body: str) -> list[str]:
    masked = _MASKED.sub(
        lambda m: m.group(0)[0] + "x" * (len(m.group(0)) - 2) + m.group(0)[-1], body
    )
    pieces, start = [], 0
    for end in _SENTENCE_END.finditer(masked):
        before = masked[start : end.start() + 1]
        rest = body[end.end() :]
        if _ABBREVIATION.search(before) or _STARTS_BLOCK.match(rest):
            continue
        pieces.append(body[start : end.end()].rstrip())
        start = end.end()
    return [*pieces, body[start:]]
