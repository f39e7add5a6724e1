"""A small local page on which a person sorts generated pictures: informative, or not.

It is served to this machine alone. Whoever may talk to it knows the token in its address, and asks
for it by the name of this machine: no page of somebody else's can do either.
"""

from __future__ import annotations

import hmac
import json
import mimetypes
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from photism.errors import ConfigError, PhotismError
from photism.files import parse_json
from photism.judges.informativity.labels import LabelBook
from photism.pages.render import render

LOOPBACK = "127.0.0.1"
_MOST_BYTES = 1000  # of what the page sends


class SortingServer(ThreadingHTTPServer):
    """Serves the page; `serve_forever` runs it, `url` opens it.

    Args:
        book: pictures and marks.
        port: 0 chooses a free one.

    Raises:
        ConfigError: the port is taken, or none.
    """

    daemon_threads = True

    def __init__(self, book: LabelBook, port: int = 0) -> None:
        self.book = book
        self.token = secrets.token_urlsafe(16)
        self.lock = threading.Lock()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port {port} cannot be used ({error}): leave --port out") from error

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    def state(self) -> dict[str, Any]:
        """Return what the page shows next, as JSON has it."""
        book = self.book
        number = book.upcoming()
        return {
            "number": number,
            "name": None if number is None else book.class_of(number),
            "done": len(book.marks),
            "left": book.left,
            "counts": {name: list(both) for name, both in book.counts.items()},
        }


class _Handler(BaseHTTPRequestHandler):
    """Answers the page."""

    server: SortingServer
    server_version, sys_version = "photism", ""

    def do_GET(self) -> None:
        """Give the page, a picture, or what is to be sorted next."""
        what = self._asked()
        if what == "":
            page = render("sorting.html.j2", folder=str(self.server.book.folder))
            self._send(page.encode(), "text/html; charset=utf-8")
        elif what == "next":
            self._answer(lambda: None)
        elif what is not None and what.startswith("picture/"):
            self._picture(what.removeprefix("picture/"))
        elif what is not None:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Take a mark, or take the latest back."""
        what = self._asked()
        if what is None:
            return
        try:
            length = int(self.headers.get("Content-Length", "0"))
            content = parse_json(self.rfile.read(length)) if 0 < length < _MOST_BYTES else {}
        except ValueError:
            content = None
        book = self.server.book
        if what == "undo":
            self._answer(book.undo)
        elif what == "mark" and (mark := _mark(content, len(book.files))):
            self._answer(lambda: book.mark(*mark))
        else:
            self.send_error(HTTPStatus.BAD_REQUEST)

    def _asked(self) -> str | None:
        """Return what is asked for below the token; None after refusing those without it."""
        known = {f"{name}:{self.server.server_port}" for name in (LOOPBACK, "localhost")}
        token, _, what = urlsplit(self.path).path.removeprefix("/").partition("/")
        right = hmac.compare_digest(token.encode(), self.server.token.encode())
        if self.headers.get("Host") in known and right:
            return what
        self.send_error(HTTPStatus.FORBIDDEN)
        return None

    def _answer(self, work: Any) -> None:
        """Do something with the book, one at a time, and send what is next."""
        with self.server.lock:
            try:
                work()
                state = self.server.state()
            except PhotismError as error:
                state = {"error": str(error)}
        self._send(json.dumps(state).encode(), "application/json")

    def _picture(self, number: str) -> None:
        files = self.server.book.files
        if not (number.isascii() and number.isdigit() and int(number) < len(files)):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        path = files[int(number)]
        try:
            content = path.read_bytes()
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._send(content, mimetypes.guess_type(path.name)[0] or "application/octet-stream")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing of every request."""


def _mark(content: Any, count: int) -> tuple[int, bool] | None:
    """Return the number of a picture and what is said of it; None where it is no mark."""
    if not isinstance(content, dict):
        return None
    number, informative = content.get("number"), content.get("informative")
    if type(number) is not int or type(informative) is not bool or not 0 <= number < count:
        return None
    return number, informative
