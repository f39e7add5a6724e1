"""A server on this machine that speaks as much of the Hub's protocol as fetching weights takes."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0" * 39 + "1"


class Hub(BaseHTTPRequestHandler):
    """Serves the files of one folder as the repository `owner/name`."""

    folder: Path

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/api/models/owner/name/tree"):
            entries = [
                {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": COMMIT}
                for f in sorted(self.folder.iterdir())
            ]
            self._send(json.dumps(entries).encode())
            return
        if path.startswith("/api/models/owner/name"):
            names = sorted(file.name for file in self.folder.iterdir())
            files = [{"rfilename": name} for name in names]
            self._send(json.dumps({"id": "owner/name", "sha": COMMIT, "siblings": files}).encode())
            return
        file = self.folder / path.rpartition("/")[2]
        if not path.startswith(f"/owner/name/resolve/{COMMIT}/") or not file.is_file():
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(file.read_bytes(), with_body=with_body)

    def _send(self, content: bytes, *, with_body: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if with_body:
            self.wfile.write(content)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder; yield the server's address."""
    handler = type("HubOf", (Hub,), {"folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
