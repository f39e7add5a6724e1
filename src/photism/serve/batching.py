"""One queue for the clips of all callers, and one thread that draws them in batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from photism.translate.request import Request
from photism.translate.results import Picture, Waveform
from photism.translate.translator import Translator

Drawn = Picture | Waveform


@dataclass(frozen=True, eq=False)
class _Queued:
    translator: Translator
    request: Request
    result: Future[Drawn] = field(default_factory=Future)

    @property
    def kind(self) -> tuple[Any, ...]:
        return (id(self.translator), *self.request.kind)


class Batcher:
    """Draws clips of many callers together: whatever waits and is alike becomes one batch.

    A batch has 1, 2, 4, … rows, the fewest that hold what waits, so that a lone caller does not pay
    for empty rows; how many it were stands in the provenance of each result.

    Args:
        most: rows of a batch at most.
        seen: told the number of clips of each batch.
    """

    def __init__(self, most: int = 16, seen: Callable[[int], None] = lambda clips: None) -> None:
        self.most, self.seen = most, seen
        self._queue: deque[_Queued] = deque()
        self._ready = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="photism-batcher", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._queue)

    def submit(
        self, translator: Translator, requests: Sequence[Request], *, urgent: bool = False
    ) -> list[Future[Drawn]]:
        """Queue clips to be drawn.

        Args:
            translator: what draws them.
            requests: the clips, and how each is to be drawn.
            urgent: they go before all others, as what somebody just spoke does.

        Returns:
            A future for each; one that is cancelled in time is not drawn.

        Raises:
            RuntimeError: the batcher is closed.
        """
        waiting = [_Queued(translator, request) for request in requests]
        with self._ready:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            if urgent:
                self._queue.extendleft(reversed(waiting))
            else:
                self._queue.extend(waiting)
            self._ready.notify()
        return [entry.result for entry in waiting]

    def close(self) -> None:
        """Draw what waits, take nothing more, and end."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    def _run(self) -> None:
        while lot := self._next():
            lot = [entry for entry in lot if entry.result.set_running_or_notify_cancel()]
            if lot:
                self.seen(len(lot))
                self._draw(lot)

    def _next(self) -> list[_Queued]:
        """Wait for clips; take the first and all that can be drawn with it, up to a batch."""
        with self._ready:
            self._ready.wait_for(lambda: self._queue or self._closed)
            lot: list[_Queued] = []
            left: deque[_Queued] = deque()
            for entry in self._queue:
                alike = len(lot) < self.most and (not lot or entry.kind == lot[0].kind)
                (lot if alike else left).append(entry)
            self._queue = left
            return lot

    def _draw(self, lot: Sequence[_Queued]) -> None:
        """Draw a lot; where that fails, each clip alone, so that one costs no other."""
        rows = min(self.most, 1 << (len(lot) - 1).bit_length())
        try:
            drawn = list(lot[0].translator.draw([entry.request for entry in lot], batch=rows))
        except Exception as error:  # of whatever kind: it is the caller's, not this thread's
            if len(lot) == 1:
                lot[0].result.set_exception(error)
            else:
                for entry in lot:
                    self._draw([entry])
            return
        for entry, result in zip(lot, drawn, strict=True):
            entry.result.set_result(result)
