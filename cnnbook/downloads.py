"""Fetch a file once: resumed where it broke off, checked by its sum, never left half-written."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path

__all__ = ["fetch"]

SECONDS = 20  # without a byte, after which a connection counts as dead
CHUNK = 1 << 20


def fetch(url: str, path: Path, md5: str, *, attempts: int = 3) -> Path:
    """Return `path`, which holds what `url` serves; it is fetched unless it is there already.

    What arrives is kept in `path` + ".part", and the next attempt, or the next call, asks for the
    rest only. The file gets its own name when its MD5 sum is right.
    Raises OSError, in one sentence with the remedy, where the network or the sum fails.
    """
    path = Path(path)
    if path.is_file() and _md5(path) == md5:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    trouble: Exception | None = None
    for _ in range(attempts):
        try:
            _append_the_rest(url, part)
            break
        except (OSError, http.client.HTTPException) as error:
            trouble = error
    else:
        raise OSError(
            f"{url} could not be fetched ({trouble}): connect to the network and call again, "
            f"which goes on where it broke off; or put the file at {path}"
        ) from trouble
    if _md5(part) != md5:
        part.unlink()
        raise OSError(
            f"what {url} served has another checksum than the expected {md5}, and was deleted: "
            f"call again, and if it stays so, put a good copy at {path}"
        )
    return part.replace(path)


def _append_the_rest(url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send
            return
        raise
    with answer:
        goes_on = answer.status == 206
        expected = answer.headers.get("Content-Length")
        received = 0
        with part.open("ab" if goes_on else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                received += len(chunk)
    if expected is not None and received < int(expected):
        raise OSError(f"the connection ended after {received} of {expected} bytes")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
