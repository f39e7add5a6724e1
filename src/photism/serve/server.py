"""Running the application: sockets, signals, and connections that never say anything."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from photism.errors import ConfigError
from photism.serve.guard import AsgiApp
from photism.serve.limits import ServerLimits

KEPT_S = 15
"""An idle connection is kept this long for the caller's next request."""
_HEAD_BYTES = 32 * 1024
_BLOCK_BYTES = 2**19


class PromptProtocol(H11Protocol):
    """HTTP/1.1 that hangs up on who connects and does not ask: uvicorn waits for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the head of a request."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """Take what came; the clock goes on until the head of a request is complete."""
        due = self.timeout_keep_alive_task
        self.timeout_keep_alive_task = None
        super().data_received(data)
        if due is None:
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        upgraded = self.transport.get_protocol() is not self  # to a WebSocket
        if answering or upgraded or self.timeout_keep_alive_task is not None:
            due.cancel()
        else:
            self.timeout_keep_alive_task = due


@contextlib.contextmanager
def bound(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """Bind a socket before anything is loaded, so that a port that is taken is said at once.

    Args:
        host: name or address.
        port: 0 takes any that is free.

    Yields:
        The socket, and the address that a browser opens.

    Raises:
        ConfigError: it cannot be bound.
    """
    try:
        [family, kind, _, _, address] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise ConfigError(f"{host} cannot be listened on: {error.strerror or error}") from error
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
        except OSError as error:
            raise ConfigError(
                f"{host}:{port} cannot be listened on ({error.strerror}): choose another --port"
            ) from error
        name = f"[{host}]" if ":" in host else host
        yield listening, f"http://{name}:{listening.getsockname()[1]}/"


def server_of(
    app: AsgiApp, limits: ServerLimits, started: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """Return a server, to be run with a socket that is `bound`.

    It runs until SIGTERM, Ctrl-C or its `should_exit`, and answers first what is being answered.

    Args:
        app: from `create_app`.
        limits: of time.
        started: called when requests are answered.

    Returns:
        The server; `run(sockets=[…])` returns when it has ended.
    """
    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        ws="websockets-sansio",
        ws_max_size=_BLOCK_BYTES,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        timeout_keep_alive=KEPT_S,
        timeout_graceful_shutdown=int(limits.timeout_s) + 1,
        backlog=1024,
        lifespan="on",
        access_log=False,
        server_header=False,
        log_level="error",
    )
    return _Server(config, started)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._told()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End with what is being answered; uvicorn's own would raise the signal again then."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
