"""A server on this machine that speaks the Hub's protocol: as much as fetching and pushing takes.

What it answers is what huggingface_hub asks for: `create_repo` and `upload_folder` (the check of
the card's metadata, which files are large, where these go by Git LFS, the commit in lines of JSON),
and `snapshot_download` (the list of files, then each).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0" * 39 + "1"
TOKEN = "hf_of_the_test"
LARGE = ".safetensors"


class Hub(BaseHTTPRequestHandler):
    """Serves the files of one folder as the repository `owner/name`, and takes files into it."""

    folder: Path
    asked: list[tuple[str, str, Any]]
    """Method, path and body of what was written."""
    kept: dict[str, bytes]
    """Large files by checksum, until a commit names them."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        self.asked.append(("POST", path, body))
        if path == "/api/validate-yaml":
            self._json({"errors": [], "warnings": []})
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(401)
            return
        asked = [json.loads(line) for line in body.splitlines()]
        if path == "/api/repos/create":
            self._create(asked[0])
        elif "nothing" in path:
            self._refuse(404)
        elif path == "/api/models/owner/name/preupload/main":
            self._json({"files": [_mode(file["path"]) for file in asked[0]["files"]]})
        elif path == "/owner/name.git/info/lfs/objects/batch":
            self._json(
                {"transfer": "basic", "objects": [self._upload(o) for o in asked[0]["objects"]]}
            )
        elif path == "/api/models/owner/name/commit/main":
            self._commit(asked)
        else:
            self._refuse(404)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.rpartition("/")[2]
        self.asked.append(("PUT", self.path, len(content)))
        assert hashlib.sha256(content).hexdigest() == name
        self.kept[name] = content
        self._send(b"")

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _create(self, wanted: dict[str, Any]) -> None:
        if wanted.get("organization") == "stranger":
            self._refuse(403)
            return
        self._json({"url": f"{self._address}/owner/name", "id": "owner/name"})

    @property
    def _address(self) -> str:
        return f"http://{self.headers['Host']}"

    def _upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        href = f"{self._address}/storage/{wanted['oid']}"
        return {**wanted, "actions": {"upload": {"href": href, "header": {}}}}

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                (self.folder / value["path"]).write_bytes(base64.b64decode(value["content"]))
            elif line["key"] == "lfsFile":
                (self.folder / value["path"]).write_bytes(self.kept[value["oid"]])
        url = f"{self._address}/owner/name/commit/{COMMIT}"
        self._json({"success": True, "commitOid": COMMIT, "commitUrl": url, "hookOutput": ""})

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/api/models/owner/name/tree"):
            entries = [
                {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": COMMIT}
                for f in sorted(self.folder.iterdir())
            ]
            self._json(entries)
            return
        if path.startswith("/api/models/owner/name"):
            files = [{"rfilename": file.name} for file in sorted(self.folder.iterdir())]
            self._json({"id": "owner/name", "sha": COMMIT, "siblings": files})
            return
        file = self.folder / path.rpartition("/")[2]
        if not path.startswith(f"/owner/name/resolve/{COMMIT}/") or not file.is_file():
            self._refuse(404)
            return
        self._send(file.read_bytes(), with_body=with_body)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, content: object) -> None:
        self._send(json.dumps(content).encode())

    def _send(self, content: bytes, *, with_body: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if with_body:
            self.wfile.write(content)


def _mode(path: str) -> dict[str, Any]:
    mode = "lfs" if path.endswith(LARGE) else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": None}


@contextmanager
def serve(folder: Path, asked: list[tuple[str, str, Any]] | None = None) -> Iterator[str]:
    """Serve a folder; yield the server's address. `asked` gets what was written."""
    own = {"folder": folder, "asked": [] if asked is None else asked, "kept": {}}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubOf", (Hub,), own))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
