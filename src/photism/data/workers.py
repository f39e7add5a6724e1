"""Work on data in several processes, with results in order and the same for any number of them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator

from photism.errors import ConfigError, DataError


def check_workers(workers: int) -> None:
    """Raise a ConfigError for a number of processes below 0."""
    if workers < 0:
        raise ConfigError(f"workers must be 0 or more, not {workers}")


def processes(workers: int, tasks: int) -> int:
    """Return how many processes share tasks: `workers`, 0 for one each processor."""
    return max(1, min(workers or os.cpu_count() or 1, tasks))


@contextlib.contextmanager
def mapping(
    tasks: int, *, workers: int = 0, ray: str | bool = False
) -> Iterator[Callable[..., Iterable]]:
    """Yield a `map` that keeps the order: on a Ray cluster, over processes, or here.

    One thread of torch everywhere: sums over several threads could differ in the last bit.

    Args:
        tasks: how many there will be.
        workers: processes at once; 0 is one for each processor.
        ray: the cluster, as `ray_mapping` has it; False is none.

    Yields:
        A function like `map`; what it calls, and gives and gets, has to be one that pickles.

    Raises:
        ConfigError: there is no such cluster.
        DataError: a process ended early.
    """
    if ray and tasks:
        from photism.data.cluster import ray_mapping

        with ray_mapping(ray, workers=workers) as in_order:
            yield in_order
    elif (count := processes(workers, tasks)) > 1:
        with _pool(count) as in_order:
            yield in_order
    else:
        with _one_thread():
            yield map


@contextlib.contextmanager
def _pool(count: int) -> Iterator[Callable[..., Iterable]]:
    """Yield a `map` over processes of this machine."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=_begin) as pool:
        try:
            yield pool.map
        except BrokenProcessPool as error:
            raise DataError(
                "a process that prepared data ended early, for want of memory or because a"
                ' script lacks `if __name__ == "__main__":`; workers=1 needs no further process'
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Have torch compute on one thread within the block."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _begin() -> None:
    """One thread; and Ctrl-C ends the process without a word, since the first one says it."""
    import signal

    import torch

    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
