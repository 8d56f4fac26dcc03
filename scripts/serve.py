"""Serve the built book on localhost. Run by `make serve`."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from scripts.paths import HTML


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve files without a line for each request."""

    def log_message(self, *args) -> None:
        """Print nothing."""


def book_server(port: int) -> ThreadingHTTPServer:
    """Return a server for _build/html on localhost; port 0 means any free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(QuietHandler, directory=HTML))


def main() -> int:
    """Serve until Ctrl-C; the port is the first argument, 8000 unless it is given."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    try:
        server = book_server(wanted)
    except OSError:
        server = book_server(0)
    print(f"The book is at http://localhost:{server.server_port}/ (Ctrl-C stops).", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
