"""What commands print: names of folders and files are the students' own, and terminals obey text."""


def printable(line: str) -> str:
    """Return a line in which nothing moves the cursor, changes a colour or begins another line."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
