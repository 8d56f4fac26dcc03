#!/usr/bin/env bash
# Create .venv and install requirements.txt into it. Nothing is installed elsewhere.
set -euo pipefail
python="${PYTHON:-python3}"

fail() { echo "make: $1" >&2; exit 1; }

command -v "$python" >/dev/null ||
    fail "$python was not found: install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: Python 3.11 or newer is needed; name one with make PYTHON=python3.12"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"

[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
packages=$(grep -c '==' requirements.txt)
echo "Installing $packages packages of requirements.txt into .venv; the first time this takes a few minutes."
.venv/bin/python -m pip install --disable-pip-version-check --progress-bar off -r requirements.txt |
    awk -v all="$packages" '
        /^(Collecting|Requirement already satisfied: [^ ]+==)/ {
            if (++found % 25 == 0) { print found " of " all " packages found"; fflush() }
        }
        /^Installing collected packages/ { print "all found; unpacking them"; fflush() }'
