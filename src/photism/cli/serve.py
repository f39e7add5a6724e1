"""`photism serve`: a page, a REST API, and microphones."""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from photism.cli import CYAN, DIM, paint
from photism.cli.arguments import parse
from photism.errors import ConfigError

DESCRIPTION = """\
Translate for browsers and other programs.

  photism serve                              a page at http://127.0.0.1:8000/
  photism serve --system aivae-fsdd          one system instead of all bundled ones
  photism serve --host 0.0.0.0 --token XYZ   for other machines too, with a secret

  curl --data-binary @three.wav http://127.0.0.1:8000/v1/translate -o three.png

/docs describes the API, /metrics is for Prometheus. Ctrl-C and SIGTERM end it as soon as what is
being answered is answered. Nothing that is sent is kept.
"""
NEEDED = ("fastapi", "fastapi_offline", "uvicorn", "websockets", "prometheus_client", "multipart")
TOKEN = "PHOTISM_TOKEN"


@dataclass(frozen=True)
class Serve:
    """Arguments of `photism serve`."""

    system: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME|PATH ...")] = ()
    """Weights to serve: bundled names, folders or training runs; by default all bundled ones."""
    host: str = "127.0.0.1"
    """Where to listen: by default this machine alone can ask; 0.0.0.0 lets others too."""
    port: int = 8000
    """0 takes one that is free."""
    name: Annotated[tuple[str, ...], tyro.conf.arg(metavar="HOST ...")] = ()
    """Names by which a proxy before this server is called; other sites' pages may not ask."""
    token: Annotated[str | None, tyro.conf.arg(metavar="STR")] = None
    """A secret that callers must show; $PHOTISM_TOKEN keeps it out of the list of processes."""
    max_megabytes: float = 16.0
    """Size of a request."""
    max_seconds: float = 60.0
    """Length of the part of a recording that is translated at once."""
    queue: int = 128
    """Requests at once; further ones are asked to come again."""
    timeout: float = 30.0
    """Seconds that a request may take."""
    batch: int = 16
    """Clips that the networks see at once, of all callers."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise ConfigError(f"--port is from 0 to 65535, not {self.port}")


def main(argv: list[str]) -> int:
    """Run `photism serve` with the words after it; return the exit code."""
    args = parse(Serve, argv, prog="photism serve", description=DESCRIPTION)
    if missing := [name for name in NEEDED if not importlib.util.find_spec(name)]:
        raise ConfigError(
            f"photism serve needs {' and '.join(missing)}: pip install 'photism[web]'"
        )
    from photism.serve.limits import ServerLimits
    from photism.serve.server import bound, server_of

    limits = ServerLimits(
        megabytes=args.max_megabytes,
        seconds=args.max_seconds,
        queue=args.queue,
        queue_megabytes=max(ServerLimits.queue_megabytes, args.max_megabytes),
        timeout_s=args.timeout,
        batch=args.batch,
    )
    with bound(args.host, args.port) as (listening, address):
        from photism.serve.app import create_app
        from photism.serve.guard import LOOPBACK
        from photism.serve.served import load_served

        served = load_served(args.system, args.device)
        token = args.token or os.environ.get(TOKEN) or None
        names = (*LOOPBACK, *args.name) if args.host in LOOPBACK else args.name
        app = create_app(served, limits, token=token, names=names)

        def started() -> None:
            shown = paint(", ".join(served.translators), DIM, sys.stdout)
            print(f"{paint(address, CYAN, sys.stdout)}  {shown}")
            if args.host not in LOOPBACK and not token:
                open_to_all = "photism: whoever reaches this machine may ask: --token limits that"
                print(paint(open_to_all, DIM, sys.stderr), file=sys.stderr)
            sys.stdout.flush()

        server_of(app, limits, started).run(sockets=[listening])
    return 0
