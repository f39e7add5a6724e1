"""Translating many files: batches reach across them, and one bad file never costs another."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from photism.errors import AudioError, ImageError, PhotismError, StorageError
from photism.media import Medium, other
from photism.translate.automatic import Choice
from photism.translate.items import STDIN, Item
from photism.translate.provenance import provenance_of
from photism.translate.request import Request
from photism.translate.results import SHOWN, Picture, Waveform
from photism.translate.translator import Translator
from photism.translate.uncertainty import require_stochastic, uncertainty_of


@dataclass(frozen=True)
class Wish:
    """How all items are to be translated."""

    seeds: Sequence[int] = (0,)
    """A result for each."""
    label: str | None = None
    sampling: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 0.0
    duration_s: float | None = None
    size: int | None = SHOWN
    """Longer side of saved pictures; None keeps the system's own."""
    batch: int = 1
    uncertainty: bool = False
    """Write mean and spread of the results of each clip, one for each seed, beside them."""
    log_mel: bool = False
    """Write the log-mel of a sound beside it."""
    replace: bool = False
    """Write over files that photism did not make."""


@dataclass
class Outcome:
    """What became of one item."""

    item: Item
    results: list[dict[str, Any]] = field(default_factory=list)
    """Provenance of each result, with its path."""
    beside: list[dict[str, Any]] = field(default_factory=list)
    """Of each clip, how far its results differ, with the paths of mean and spread."""
    error: str | None = None
    translator: Translator | None = None
    """What translates it, once that is chosen."""
    waiting: int = 0
    """Clips that have been read and not translated yet."""
    read: bool = False
    """Whether all of it has been read, or it failed."""


@dataclass(frozen=True)
class _Job:
    outcome: Outcome
    request: Request
    path: Path
    clip: int = 0


class Lot:
    """Items on their way: those whose clips wait for a full batch, and those that are done.

    Args:
        choose: gives what translates a source of a medium, with its reason.
        items: what to translate.
        wish: how.
        show: told the items and results done so far.
    """

    def __init__(
        self,
        choose: Callable[[str, Medium, Wish], Choice],
        items: Sequence[Item],
        wish: Wish,
        show: Callable[[int, int], None] = lambda items, results: None,
    ) -> None:
        self.choose, self.items, self.wish, self.show = choose, items, wish, show
        self._jobs: list[_Job] = []
        self._samples: list[Picture | Waveform] = []  # of the clip whose results are coming
        self._open: deque[Outcome] = deque()
        self._written = {Path(item.source).resolve() for item in items}
        self._done = self._made = 0

    def translate(self) -> Iterator[Outcome]:
        """Translate everything, and say of each item what became of it as soon as that is known.

        Yields:
            Outcomes in the order of the items. A disk that is full ends it early, with its error in
            the first that is not finished.
        """
        try:
            yield from self._translate()
        except StorageError as error:
            yield from self._finished()
            outcome = self._open.popleft()
            outcome.error = str(error)
            yield outcome

    def _translate(self) -> Iterator[Outcome]:
        for item in self.items:
            outcome = Outcome(item)
            self._open.append(outcome)
            try:
                choice = self.choose(item.source, item.medium, self.wish)
                outcome.translator = choice.translator
                if self._jobs and self._jobs[0].outcome.translator is not choice.translator:
                    yield from self._draw()  # what waits is another translator's
                for job in self._jobs_of(outcome, choice):
                    self._jobs.append(job)
                    outcome.waiting += 1
                    if len(self._jobs) == self.wish.batch:
                        yield from self._draw()
            except StorageError:
                raise
            except Exception as error:  # whatever one file does, the others are translated
                outcome.error = said(error, item.source)
            outcome.read = True
            yield from self._finished()
        yield from self._draw()

    def _jobs_of(self, outcome: Outcome, choice: Choice) -> Iterator[_Job]:
        item, wish = outcome.item, self.wish
        several = len(wish.seeds) > 1
        translator = choice.translator
        translator.require(wish.label, wish.sampling)
        if wish.uncertainty:
            system = translator.system.sampled(wish.sampling)
            require_stochastic(system, other(item.medium), len(wish.seeds))
        for number, clip in enumerate(_clips(translator, item, wish)):
            if choice.reason:
                clip = replace(clip, notes=(*clip.notes, choice.reason))
            if wish.uncertainty:
                self._require_free(item.beside(number, "mean"))
                self._require_free(item.beside(number, "spread"))
            for seed in wish.seeds:
                path = item.named(number, seed if several else None)
                self._require_free(path)
                yield _Job(outcome, Request(clip, seed, wish.label, wish.sampling), path, number)

    def _draw(self) -> Iterator[Outcome]:
        """Translate the clips that wait, save the results, and yield what is finished by that."""
        jobs, self._jobs = self._jobs, []
        for job, result in self._results(jobs):
            if result is not None:
                result.save(job.path, size=self.wish.size)
                if self.wish.log_mel and isinstance(result, Waveform):
                    result.save_log_mel(job.path.with_suffix(".png"), size=self.wish.size)
                job.outcome.results.append({"path": str(job.path), **result.provenance})
                if self.wish.uncertainty:
                    self._compare(job, result)
            job.outcome.waiting -= 1
            self._made += 1
            self.show(self._done, self._made)
        yield from self._finished()

    def _compare(self, job: _Job, result: Picture | Waveform) -> None:
        """Write how far the results of a clip differ, once the last of them is there."""
        if job.request.seed == self.wish.seeds[0]:
            self._samples = []
        self._samples.append(result)
        if len(self._samples) < len(self.wish.seeds):
            return
        found = uncertainty_of([sample.tensor for sample in self._samples])
        about = self._samples[0].provenance
        paths = {what: job.outcome.item.beside(job.clip, what) for what in ("mean", "spread")}
        found.save_mean(paths["mean"], about, size=self.wish.size)
        found.save(paths["spread"], about, size=self.wish.size)
        names = {what: str(path) for what, path in paths.items()}
        job.outcome.beside.append({"of": str(job.path), **found.facts, "files": names})

    def _results(self, jobs: Sequence[_Job]) -> Iterator[tuple[_Job, Picture | Waveform | None]]:
        """Translate a lot; where that fails, each clip alone, to find the one that is at fault."""
        if not jobs:
            return
        batch = self.wish.batch
        translator = jobs[0].outcome.translator
        assert translator is not None
        try:
            made = list(translator.draw([job.request for job in jobs], batch=batch))
        except Exception:  # of whatever kind: which clip it was is found below
            made = []
        if made:
            yield from zip(jobs, made, strict=True)
            return
        for job in jobs:
            result: Picture | Waveform | None = None
            try:
                [result] = translator.draw([job.request], batch=batch)
            except Exception as error:
                job.outcome.error = said(error, job.outcome.item.source)
            yield job, result

    def _finished(self) -> Iterator[Outcome]:
        while self._open and self._open[0].read and not self._open[0].waiting:
            outcome = self._open.popleft()
            if not outcome.error:
                _clear_leftovers(outcome)
            self._done += 1
            self.show(self._done, self._made)
            yield outcome

    def _require_free(self, path: Path) -> None:
        """Refuse to write over an input, a result of this call, or a file of somebody else."""
        if path.resolve() in self._written:
            raise ImageError(
                f"{path} would replace another file of this call: choose a folder with -o"
            )
        self._written.add(path.resolve())
        if path.exists() and not self.wish.replace:
            try:
                provenance_of(path)
            except PhotismError:
                what = "picture" if path.suffix == ".png" else "sound"
                raise ImageError(
                    f"{path} exists and is no {what} of photism's: --force replaces it"
                ) from None


def said(error: Exception, source: str) -> str:
    """Return one line on what went wrong with a file, also for errors that nobody foresaw."""
    if isinstance(error, PhotismError):
        return str(error)
    reason = str(error).strip().splitlines()
    return f"{source} cannot be translated: {reason[0] if reason else type(error).__name__}"


def _clips(translator: Translator, item: Item, wish: Wish) -> Iterator[Any]:
    if item.source == STDIN and sys.stdin is None:
        raise AudioError("standard input is closed: pipe a recording into photism")
    if item.source == STDIN and sys.stdin.isatty():
        raise AudioError("standard input is the keyboard: pipe a recording into photism")
    source = sys.stdin.buffer if item.source == STDIN else item.source
    return translator.clips(source, start_s=wish.start_s, duration_s=wish.duration_s)


def _clear_leftovers(outcome: Outcome) -> None:
    """Remove further results that an earlier run made of the same recording and this did not."""
    target, written = outcome.item.target, {Path(entry["path"]) for entry in outcome.results}
    written |= {Path(name) for entry in outcome.beside for name in entry["files"].values()}
    names = f"{_literal(target.stem)}_*{target.suffix}"
    for path in set(target.parent.glob(names)) - written:
        rest = path.stem.removeprefix(target.stem)
        if all(part[:1] in "s" or part == "mean" or part.isdigit() for part in rest.split("_")[1:]):
            try:
                made = provenance_of(path)
            except PhotismError:
                continue
            if made.get("source") == outcome.results[0]["source"]:
                path.unlink(missing_ok=True)


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
