#!/usr/bin/env bash
# Run each chapter alone in an empty folder, with this checkout's cnnbook. Used by the weekly job.
set -uo pipefail
book="$(cd "$(dirname "$0")/.." && pwd)"
source="$(mktemp -d)"
cp -r "$book"/{cnnbook,pyproject.toml,README.md,LICENSE} "$source" # pip writes beside what it builds
python3 -m pip install --quiet "$source" || exit 1

failed=0
for chapter in "$book"/chapters/*.ipynb; do
    folder="$(mktemp -d)"
    cp "$chapter" "$folder"
    echo "running $(basename "$chapter")"
    (cd "$folder" && jupyter nbconvert --to notebook --execute --stdout ./*.ipynb >/dev/null) || failed=1
done
exit "$failed"
