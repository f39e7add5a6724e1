"""From an upload to results: cut by a few threads, drawn by the one that draws for all."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import anyio.to_thread

from photism.serve.answers import JSON, OFFERS, Answer, Drawn, as_file, as_json, preferred
from photism.serve.batching import Batcher
from photism.serve.body import Upload
from photism.serve.limits import ServerLimits
from photism.serve.problems import Problem
from photism.serve.served import Served
from photism.serve.wishes import Query
from photism.translate.request import Request
from photism.translate.sounds import chosen
from photism.translate.sources import medium_of
from photism.translate.stills import Still
from photism.translate.translator import Translator

T = TypeVar("T")
_EDGE_S = 0.5
"""Read beyond the longest part that is translated, to tell what is longer from what ends there."""


class Translating:
    """Answers requests for translations.

    Args:
        served: the systems.
        batcher: draws for all callers.
        limits: of a request.
    """

    def __init__(self, served: Served, batcher: Batcher, limits: ServerLimits) -> None:
        self.served, self.batcher, self.limits = served, batcher, limits
        self._threads = anyio.CapacityLimiter(max(2, os.cpu_count() or 1))

    async def answer(self, upload: Upload, query: Query, accept: str) -> Answer:
        """Translate a file as a caller wishes.

        Args:
            upload: the file.
            query: what the caller wishes.
            accept: what the caller takes, as in HTTP.

        Returns:
            The body of the answer.

        Raises:
            Problem, PhotismError: what the caller did wrong.
        """
        translator, requests = await self._in_thread(partial(self._requests, upload, query))
        kind = preferred(accept, OFFERS[requests[0].target])
        if kind != JSON and len(requests) > 1:
            many = f"{len(requests)} results do not fit into one {kind}"
            raise Problem(406, f"{many}: accept {JSON}, which holds all")
        results = [result async for result in self._drawn(translator, requests)]
        side = query.side
        if kind != JSON:
            return await self._in_thread(partial(as_file, results[0], kind, side))
        reader = self.served.readers.get(translator.weights)
        write = partial(as_json, results, side, log_mel=query.log_mel, reader=reader)
        return await self._in_thread(write)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._threads, abandon_on_cancel=True)

    async def _drawn(self, translator: Translator, requests: list[Request]) -> AsyncIterator[Drawn]:
        """Yield results a batch at a time, so that a long recording lets others in between."""
        most = self.batcher.most
        for first in range(0, len(requests), most):
            for future in self.batcher.submit(translator, requests[first : first + most]):
                yield await asyncio.wrap_future(future)

    def _requests(self, upload: Upload, query: Query) -> tuple[Translator, list[Request]]:
        """Read the file and say what is to be drawn of it."""
        named = self.served.named(query.system) if query.system else None
        medium = medium_of(upload)
        translator = named or self.served.taking(medium)
        translator.require_source(medium, upload.name)
        translator.require(query.label, query.settings)
        clips = self._clips(translator, upload, query)
        if not query.all:
            first = next(clips)
            sound = not isinstance(first, Still)
            clips = iter([chosen(itertools.chain([first], clips)) if sound else first])
        seeds = range(query.seed, query.seed + query.num_samples)
        requests: list[Request] = []
        for clip in clips:
            requests += [Request(clip, seed, query.label, query.settings) for seed in seeds]
            if len(requests) > self.limits.results:
                raise Problem(
                    413,
                    f"more than {self.limits.results} results: ask for fewer samples, or a part"
                    " of the recording by start and duration",
                )
        return translator, requests

    def _clips(self, translator: Translator, upload: Upload, query: Query) -> Iterator[Any]:
        """Yield the clips, up to the length that is translated at once."""
        most = self.limits.seconds
        choose = "choose a part of it by start and duration"
        if query.duration is not None and query.duration > most:
            raise Problem(413, f"at most {most:g} s are translated at once: {choose}")
        length = query.duration or most + _EDGE_S
        for clip in translator.clips(upload, start_s=query.start, duration_s=length):
            end_s = 0.0 if isinstance(clip, Still) else clip.start_s + clip.duration_s
            if end_s - query.start > most and query.duration is None and query.all:
                raise Problem(
                    413,
                    f"{upload.name} lasts more than the {most:g} s that are translated at"
                    f" once: {choose}",
                )
            yield clip
