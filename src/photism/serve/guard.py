"""What every request passes on its way in: who may ask, how many at once, and for how long."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from photism.serve.counters import Counters
from photism.serve.limits import ServerLimits
from photism.serve.problems import PROBLEM_JSON, Problem, too_many

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WORK = "/v1/translate"
"""What is limited in number and time."""
_PATHS = (WORK, "/v1/systems", "/v1/health", "/v1/live", "/metrics", "/", "/docs", "/openapi.json")
_SECRET = (WORK, "/v1/systems", "/metrics")
"""What a token is needed for; a live connection shows its own."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; frame-ancestors 'none'"
)
_log = logging.getLogger("photism.serve")


class Guard:
    """Middleware around the whole application.

    Args:
        app: what it guards.
        limits: of number, size and time.
        counters: told of every answer.
        token: that callers must show; None lets all of them in.
        names: what the server is called by those who may ask, such as "localhost"; none takes any.
    """

    def __init__(
        self,
        app: AsgiApp,
        limits: ServerLimits,
        counters: Counters,
        token: str | None,
        names: Collection[str],
    ) -> None:
        self.app, self.limits, self.counters = app, limits, counters
        self.token, self.names = token, names
        self._open = self._open_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket" and self._foreign(scope):
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, scope["path"])
        began_s = time.perf_counter()
        scope["request_id"] = answer.request_id
        try:
            await self._admit(scope, receive, answer)
        except Problem as problem:
            await answer.problem(problem)
        except TimeoutError:
            late = f"not done after {self.limits.timeout_s:g} s: ask for less, or send it faster"
            await answer.problem(Problem(503, late, {"Retry-After": "5", "Connection": "close"}))
        except Exception:
            _log.exception("request %s failed", answer.request_id)
            said = f"an error of ours, in the log under {answer.request_id}"
            await answer.problem(Problem(500, said))
        path = scope["path"] if scope["path"] in _PATHS else "other"
        self.counters.requests.labels(path, str(answer.status)).inc()
        self.counters.seconds.labels(path).observe(time.perf_counter() - began_s)

    async def _admit(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if self._foreign(scope):
            raise Problem(403, "this comes from another site's page, which may not ask here")
        headers = dict(scope["headers"])
        if self.token and scope["path"] in _SECRET:
            shown = headers.get(b"authorization", b"")
            if not same(shown, f"Bearer {self.token}"):
                need = {"WWW-Authenticate": "Bearer"}
                raise Problem(401, "a token is needed: Authorization: Bearer TOKEN", need)
        if scope["path"] != WORK:
            await self.app(scope, receive, answer)
            return
        size = _declared(headers, self.limits.size_bytes)
        if self._open >= self.limits.queue:
            raise too_many(f"{self._open} requests wait already: come again")
        if self._open and self._open_bytes + size > self.limits.queue_megabytes * 1e6:
            raise too_many("what waits already is all that memory is granted for: come again")
        self._open += 1
        self._open_bytes += size
        self.counters.open.set(self._open)
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                await self.app(scope, receive, answer)
        finally:
            self._open -= 1
            self._open_bytes -= size
            self.counters.open.set(self._open)

    def _foreign(self, scope: Scope) -> bool:
        """Whether a page of another site asks, also under a name that it made lead to us."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if self.names and _hostname(f"//{host}") not in self.names:
            return True
        if b"origin" not in headers:
            return False
        origin = headers[b"origin"].decode("latin-1")
        own = origin.rpartition("//")[2] == host
        return not own and _hostname(origin) not in {*self.names} - {*LOOPBACK}  # but by a proxy


def same(shown: bytes, wanted: str) -> bool:
    """Compare a secret without telling by the time it takes where it differs."""
    return hmac.compare_digest(shown, wanted.encode())


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _declared(headers: dict[bytes, bytes], most: int) -> int:
    """Return how large a body says it is, at most what is read of it."""
    try:
        return min(int(headers.get(b"content-length", most)), most)
    except ValueError:
        return most


class _Answer:
    """Sends an answer, with the headers that all of them have."""

    def __init__(self, send: Send, path: str) -> None:
        self._send = send
        self.request_id = uuid.uuid4().hex
        self.status = 0
        docs = path.startswith(("/docs", "/static-offline-docs"))
        self._headers = [
            (b"x-request-id", self.request_id.encode()),
            (b"content-security-policy", (_DOCS_POLICY if docs else _POLICY).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
        ]

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], *self._headers]}
        await self._send(message)

    async def problem(self, problem: Problem) -> None:
        """Answer with a problem document, if nothing was answered yet."""
        if self.status:
            return
        content = problem.document(self.request_id)
        headers = {
            "Content-Type": PROBLEM_JSON,
            "Content-Length": str(len(content)),
            **problem.headers,
        }
        encoded = [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()]
        start = {"type": "http.response.start", "status": problem.status, "headers": encoded}
        await self(start)
        await self._send({"type": "http.response.body", "body": content})
