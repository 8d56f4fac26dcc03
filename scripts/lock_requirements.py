"""Write the exact versions of all that is installed into requirements.txt. Run by `make lock`.

What is asked for by name stays in the first part of the file; what that needs goes below it.
"""

import re
import sys
from importlib.metadata import distributions

from scripts.paths import ROOT

FILE = ROOT / "requirements.txt"
NEEDED = "# Needed by these"
NOT_LISTED = {"cnnbook", "pip"}


def canonical(name: str) -> str:
    """Return a distribution's name as pip compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str, installed: dict[str, str]) -> str:
    """Return the file's text with the installed versions; a local part such as +cpu is dropped."""
    asked, _, _ = text.partition(NEEDED)
    named = set()
    lines = []
    for line in asked.rstrip().splitlines():
        if "==" in line:
            name = line.split("==")[0]
            named.add(canonical(name))
            line = f"{name}=={installed[canonical(name)]}"
        lines.append(line)
    rest = [
        f"{name}=={version}"
        for name, version in sorted(installed.items())
        if name not in named | NOT_LISTED
    ]
    return "\n".join([*lines, "", NEEDED, *rest, ""])


def main() -> int:
    """Rewrite requirements.txt."""
    installed = {canonical(d.name): d.version.split("+")[0] for d in distributions()}
    FILE.write_text(locked(FILE.read_text(), installed))
    print(f"{len(installed)} versions in requirements.txt")
    return 0


if __name__ == "__main__":
    sys.exit(main())
