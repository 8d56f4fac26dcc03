"""The text of a notebook without what grading never reads: outputs, pictures and saved widgets."""

import re

NOT_READ = ('"outputs"', '"attachments"', '"widgets"')
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|["\[\]{}]', re.DOTALL)
MOST_TOKENS = 10_000_000


def without_outputs(text: str) -> str:
    """Return a notebook's JSON with empty outputs; nothing of it is built as objects.

    Raises ValueError where it is no JSON, or has more parts than there is time to look at.
    """
    kept, begin, depth = [], 0, 0
    key: re.Match | None = None  # the name that was read last, if what it names is not read
    skipped: tuple[int, int] | None = None  # where a value that is left out begins, and its depth
    for number, token in enumerate(TOKEN.finditer(text)):
        start, end = token.span()
        mark = text[start]
        if number > MOST_TOKENS or (mark == '"' and end - start == 1):
            raise ValueError("the text of a notebook ends in a string, or has too many parts")
        if mark == '"':
            key = token if end - start < 20 and token[0] in NOT_READ else None
        elif mark in "[{":
            if skipped is None and key and text[key.end() : start].strip() == ":":
                skipped = (start, depth)
            depth, key = depth + 1, None
        else:
            depth, key = depth - 1, None
            if skipped and depth == skipped[1]:
                kept += [text[begin : skipped[0] + 1], mark]
                begin, skipped = end, None
    return "".join([*kept, text[begin:]])
