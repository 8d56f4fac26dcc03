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
echo "Installing requirements.txt into .venv; the first time this takes a few minutes."
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
