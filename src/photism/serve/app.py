"""The application: what stands at which address."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, WebSocket
from fastapi import Query as FromQuery
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from photism.errors import PhotismError
from photism.files import PACKAGED
from photism.serve.answers import FLAC, JSON, OFFERS, PNG, WAV
from photism.serve.batching import Batcher
from photism.serve.body import read_upload
from photism.serve.counters import Counters
from photism.serve.cutting import Cutters
from photism.serve.guard import LOOPBACK, Guard
from photism.serve.hearing import Hearing
from photism.serve.limits import ServerLimits
from photism.serve.problems import PROBLEM_JSON, Problem, mistake, problem_of
from photism.serve.served import Served
from photism.serve.translating import Translating
from photism.serve.wishes import Query
from photism.version import __version__

PAGE = Path(__file__).parent / "page"
EXAMPLE = PACKAGED / "demo" / "3_english_110.flac"
_ABOUT = """\
Sound to picture and picture to sound. Send any sound, video or picture as the body of a request;
the answer is a PNG, a WAV or JSON, as `Accept` says. Errors are problem documents (RFC 9457).
Nothing that is sent is kept.
"""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
_BODY = {
    "required": True,
    "description": "A sound, a video or a picture: as it is, or as the field `file` of a form.",
    "content": {
        "application/octet-stream": _BINARY,
        "multipart/form-data": {"schema": _FORM},
    },
}
_RESULTS = {"type": "object", "properties": {"results": {"type": "array"}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The result, with its provenance.",
        "content": {
            **dict.fromkeys((PNG, WAV, FLAC), _BINARY),
            JSON: {"schema": _RESULTS},
        },
    },
    **{
        status: {"description": what, "content": {PROBLEM_JSON: {}}}
        for status, what in {
            400: "An option that is none.",
            401: "A token is needed.",
            404: "No such system.",
            406: "Accept fits nothing that there is.",
            413: "Too large, too long or too many results.",
            422: "A file that cannot be read or translated.",
            429: "Too many requests: come again after Retry-After.",
            503: "Not done in time.",
        }.items()
    },
}

_ASTRAY = {
    404: "there is nothing at this address: / is the page, /docs describes what else there is",
    405: "this address is asked in another way: see /docs",
}


def create_app(
    served: Served,
    limits: ServerLimits | None = None,
    *,
    token: str | None = None,
    names: Collection[str] = LOOPBACK,
) -> Guard:
    """Make the application that `photism serve` runs.

    Args:
        served: the systems.
        limits: what callers are granted.
        token: that they must show; None lets all of them in.
        names: what the server is called by those who may ask; none takes any.

    Returns:
        An ASGI application.
    """
    limits = limits or ServerLimits()
    counters = Counters(lambda: len(batcher))
    batcher = Batcher(limits.batch, counters.batches.observe)
    cutters = Cutters(max(2, os.cpu_count() or 1))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        cutters.begin()
        yield
        batcher.close()
        cutters.close()

    app = FastAPIOffline(
        title="photism", version=__version__, description=_ABOUT, redoc_url=None, lifespan=lifespan
    )
    _answer_errors(app)
    _add_rest(app, served, limits, Translating(served, batcher, cutters, limits), counters)
    hearing = Hearing(served, batcher, limits, counters, token)

    @app.websocket("/v1/live")
    async def live(socket: WebSocket) -> None:
        await hearing.serve(socket)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    @app.get("/example", include_in_schema=False)
    def example() -> FileResponse:
        return FileResponse(EXAMPLE)

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return Guard(app, limits, counters, token, names)


def _add_rest(
    app: FastAPI, served: Served, limits: ServerLimits, translating: Translating, counters: Counters
) -> None:
    @app.post(
        "/v1/translate",
        summary="Translate a sound into a picture, or a picture into a sound",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra={"requestBody": _BODY},
    )
    async def translate(request: HttpRequest, query: Annotated[Query, FromQuery()]) -> Response:
        upload = await read_upload(request, limits.size_bytes)
        answer = await translating.answer(upload, query, request.headers.get("accept", ""))
        return Response(answer.content, media_type=answer.kind, headers=answer.headers)

    @app.get("/v1/systems", summary="What translates here, and how it can be asked to")
    def systems() -> dict[str, Any]:
        return {
            "photism": __version__,
            "systems": described,
            "limits": vars(limits),
            "answers": {medium: list(kinds) for medium, kinds in OFFERS.items()},
        }

    @app.get("/v1/health", summary="Whether the server is there")
    def health() -> dict[str, Any]:
        return {"status": "ok", "photism": __version__, "waiting": counters.waiting()}

    @app.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    def metrics() -> Response:
        return Response(counters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    described = served.describe()


def _answer_errors(app: FastAPI) -> None:
    """Let every error be a problem document; what is a bug goes on to the log."""

    def answer(request: HttpRequest, problem: Problem) -> Response:
        content = problem.document(request.scope.get("request_id", ""))
        return Response(content, problem.status, problem.headers, PROBLEM_JSON)

    @app.exception_handler(Problem)
    async def known(request: HttpRequest, error: Problem) -> Response:
        return answer(request, error)

    @app.exception_handler(PhotismError)
    async def ours(request: HttpRequest, error: PhotismError) -> Response:
        return answer(request, problem_of(error))

    @app.exception_handler(HTTPException)
    async def http(request: HttpRequest, error: HTTPException) -> Response:
        said = _ASTRAY.get(error.status_code, str(error.detail))
        return answer(request, Problem(error.status_code, said, error.headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: HttpRequest, error: RequestValidationError) -> Response:
        said = mistake(error.errors()[0], Query.model_fields, skipped=1)
        return answer(request, Problem(400, f"{said}{'' if said.endswith('?') else '; see /docs'}"))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: HttpRequest, error: ClientDisconnect) -> Response:
        return Response(status_code=400)

    @app.exception_handler(Exception)
    async def bug(request: HttpRequest, error: Exception) -> Response:
        said = f"an error of ours, in the log under {request.scope.get('request_id', '')}"
        return answer(request, Problem(500, said))
