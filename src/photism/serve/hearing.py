"""The live road: blocks of sound come by WebSocket, what the latest window shows goes back.

The caller first says in JSON how it wants to be heard (`Hello`), then sends blocks: eight bytes
with the time of their last sample by its own clock (a little-endian float64, in ms, sent back with
what is drawn of it), and int16 samples, little-endian, mono. Each block asks for one window that
ends with it. Where drawing takes longer than a block lasts, the latest window wins; the others are
dropped and counted.
"""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from fastapi import WebSocket
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocketDisconnect

from photism import images
from photism.errors import PhotismError
from photism.files import data_uri
from photism.live.now import Now, latest, reach_s
from photism.live.ring import Ring
from photism.serve.answers import PNG, Drawn
from photism.serve.batching import Batcher
from photism.serve.counters import Counters
from photism.serve.guard import same
from photism.serve.limits import ServerLimits
from photism.serve.problems import Problem, mistake, problem_of
from photism.serve.served import Served
from photism.translate.request import Request
from photism.translate.results import Picture
from photism.translate.translator import Translator

_TIME = struct.Struct("<d")
MOST_BLOCK_S = 1.0
_REFUSED, _LATER = 1008, 1013
"""Codes with which a connection is closed (RFC 6455)."""


class Hello(BaseModel):
    """How a caller wants to be heard; it may say so again at any time."""

    model_config = ConfigDict(extra="forbid")

    rate: int = Field(ge=4000, le=192_000)
    system: str | None = Field(None, max_length=200)
    label: str | None = Field(None, max_length=200)
    seed: int = Field(0, ge=0, lt=2**62)
    sampling: dict[str, str] = Field({}, max_length=20)
    log_mel: bool = True
    token: str | None = None


@dataclass
class _Ear:
    """One caller: what was said and heard so far."""

    hello: Hello
    translator: Translator
    ring: Ring
    sent_ms: float = 0.0
    """By the caller's clock, of the latest sample."""
    blocks: int = 0
    drawn: int = 0
    dropped: int = 0


class Hearing:
    """Listens to microphones.

    Args:
        served: the systems.
        batcher: draws for all callers.
        limits: of time and number.
        counters: told of every window.
        token: that callers must show.
    """

    def __init__(
        self,
        served: Served,
        batcher: Batcher,
        limits: ServerLimits,
        counters: Counters,
        token: str | None,
    ) -> None:
        self.served, self.batcher, self.limits = served, batcher, limits
        self.counters, self.token = counters, token
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Listen to one caller until it hangs up."""
        await socket.accept()
        if self._open >= self.limits.live:
            many = Problem(429, f"{self._open} microphones are listened to already: come again")
            await _refuse(socket, many, _LATER)
            return
        self._open += 1
        self.counters.live.set(self._open)
        try:
            await self._converse(socket)
        except Problem as problem:
            await _refuse(socket, problem, _REFUSED)
        except PhotismError as error:
            await _refuse(socket, problem_of(error), _REFUSED)
        except TimeoutError:
            silent = f"nothing was sent for {self.limits.timeout_s:g} s"
            await _refuse(socket, Problem(408, silent), _REFUSED)
        except WebSocketDisconnect:
            pass
        finally:
            self._open -= 1
            self.counters.live.set(self._open)

    async def _converse(self, socket: WebSocket) -> None:
        ear = await self._greeted(socket)
        news = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            drawing = tasks.create_task(self._draw(socket, ear, news))
            failure: Exception | None = None
            try:
                while True:
                    await self._listen(socket, ear)
                    news.set()
            except Exception as error:  # a group would wrap it
                failure = error
            drawing.cancel()
        if failure:
            raise failure

    async def _greeted(self, socket: WebSocket) -> _Ear:
        message = await self._next(socket)
        hello = _hello(message.get("text") or "")
        if self.token and not same((hello.token or "").encode(), self.token):
            raise Problem(401, "a token is needed: say it in the first message")
        translator = self._translator(hello)
        ring = Ring(hello.rate, max(reach_s(translator.front_end), MOST_BLOCK_S))
        await socket.send_json({"type": "ready", "reach_s": reach_s(translator.front_end)})
        return _Ear(hello, translator, ring)

    def _translator(self, hello: Hello) -> Translator:
        served = self.served
        translator = served.named(hello.system) if hello.system else served.taking("sound")
        translator.require_source("sound")
        translator.require(hello.label, hello.sampling)
        return translator

    async def _next(self, socket: WebSocket) -> Any:
        async with asyncio.timeout(self.limits.timeout_s):
            message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1006))
        return message

    async def _listen(self, socket: WebSocket, ear: _Ear) -> None:
        """Take what comes next: a block of sound, or other wishes."""
        message = await self._next(socket)
        if message.get("text") is not None:
            hello = _hello(message["text"])
            if hello.rate != ear.hello.rate or hello.system != ear.hello.system:
                raise Problem(400, "for another rate or system open another connection")
            self._translator(hello)
            ear.hello = hello
            return
        block = message["bytes"]
        count = (len(block) - _TIME.size) // 2
        if count < 1 or len(block) % 2 or count > MOST_BLOCK_S * ear.hello.rate:
            raise Problem(400, f"a block is a time and up to {MOST_BLOCK_S:g} s of int16 samples")
        [ear.sent_ms] = _TIME.unpack_from(block)
        ear.ring.add(np.frombuffer(block, "<i2", offset=_TIME.size).astype(np.int16))
        ear.blocks += 1

    async def _draw(self, socket: WebSocket, ear: _Ear, news: asyncio.Event) -> None:
        """Draw the latest window, again and again."""
        while True:
            await news.wait()
            news.clear()
            late = ear.blocks - ear.drawn - ear.dropped - 1
            if late < 0:  # other wishes, no sound
                continue
            ear.dropped += late
            ear.drawn += 1
            self.counters.windows.labels("dropped").inc(late)
            try:
                window = await self._window(ear)
                await socket.send_text(json.dumps(window))
            except PhotismError as error:
                await _refuse(socket, problem_of(error), _REFUSED)
                return
            except (WebSocketDisconnect, RuntimeError):  # it hung up meanwhile
                return

    async def _window(self, ear: _Ear) -> dict[str, Any]:
        window: dict[str, Any] = {"type": "window", "number": ear.blocks, "sent_ms": ear.sent_ms}
        window |= {"drawn": ear.drawn, "dropped": ear.dropped, "heard": False}
        now = await asyncio.to_thread(latest, ear.ring, ear.translator.front_end)
        if now is None:
            return window
        level_db = round(max(now.verdict.level_db, -120.0), 1)
        window |= {"end_s": now.end_s, "level_db": level_db, "reason": now.verdict.reason}
        self.counters.windows.labels("drawn" if now.heard else "unheard").inc()
        if now.heard:
            wishes = ear.hello
            request = Request(
                now.clip, wishes.seed, wishes.label, wishes.sampling, verdict=now.verdict
            )
            [future] = self.batcher.submit(ear.translator, [request], urgent=True)
            result = await asyncio.wrap_future(future)
            window |= await asyncio.to_thread(partial(self._shown, now, result, wishes.log_mel))
        return window

    def _shown(self, now: Now, result: Drawn, log_mel: bool) -> dict[str, Any]:
        assert isinstance(result, Picture)
        provenance = result.provenance
        shown = {
            "heard": result.heard,
            **({"reason": "it is like nothing that these weights know"} if result.unknown else {}),
            "start_s": result.start_s,
            "label": provenance["label"],
            "notes": provenance["notes"],
            "batch": result.made.batch,
            "picture": data_uri(PNG, images.png(result.image, provenance)),
        }
        reader = self.served.readers.get(result.made.weights)
        if reader and result.heard:
            shown["read"] = asdict(reader.read(result.tensor))
        if log_mel:
            shown["log_mel"] = data_uri(PNG, images.png(result.show_log_mel()))
        return shown


def _hello(text: str) -> Hello:
    try:
        return Hello.model_validate_json(text)
    except ValidationError as error:
        said = mistake(dict(error.errors()[0]), Hello.model_fields)
        raise Problem(400, f"the first message is no hello: {said}") from error


async def _refuse(socket: WebSocket, problem: Problem, code: int) -> None:
    """Say why, and hang up; whoever has hung up already is not told."""
    try:
        said = {"type": "problem", "status": problem.status, "detail": problem.detail}
        await socket.send_text(json.dumps(said))
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        pass
