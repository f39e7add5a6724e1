"""Work on data on a Ray cluster: the same functions, the same results in the same order.

Plain tasks of Ray, not Ray Data: what is made of a file are arrays of any shapes, and here they go
straight from the worker to the one who asked, no more ahead of it than twice as many as there are
processors. So memory stays flat, a task whose process or machine dies is done again, and Ray alone
is enough on the workers.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn, TypeVar

import photism
from photism.errors import ConfigError, DataError, PhotismError

T = TypeVar("T")
R = TypeVar("R")
RETRIES = 3
"""How often a task is done again whose process or machine died."""
_WAIT_S = 5.0
_SAID = 300
"""Characters of an error of Ray that are shown."""
_HTTP2_SETTINGS = b"\x04"
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_NUMERIC = ("av", "librosa", "numpy", "pillow", "soundfile", "soxr", "torch")
"""Packages on which the last bit of a pair may depend."""


@contextlib.contextmanager
def ray_mapping(ray: str | bool, *, workers: int = 0) -> Iterator[Callable[..., Iterable]]:
    """Yield a `map` that keeps the order and works on a Ray cluster.

    Args:
        ray: HOST:PORT of a cluster that this machine belongs to, or "auto" for the one running
            on it; True is a Ray on this machine, begun and ended here, unless this process has
            joined one already.
        workers: tasks at once; 0 is one for each processor of the cluster.

    Yields:
        A function like `map`; what it calls, and gives and gets, has to be one that pickles.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster.
        DataError: a worker lacks photism or has another, or a task ended early again and again.
    """
    module = _import_ray()
    joined_before = module.is_initialized()
    if not joined_before:
        _join(module, ray, workers)
    limit = None if ray is True and not joined_before else workers
    try:
        yield lambda function, items: _in_order(module, function, items, limit)
    finally:
        if not joined_before:
            module.shutdown()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report what it is used for
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # the first is raised here
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "--ray needs the extra cluster: pip install 'photism[cluster]', on all machines"
        ) from error
    return ray


def _join(module: Any, ray: str | bool, workers: int) -> None:
    """Join a cluster, or begin one on this machine."""
    how = {"log_to_driver": False, "logging_level": "error", "address": ray}
    if ray is True:
        how |= {"address": "local", "num_cpus": workers or None, "include_dashboard": False}
    elif ray != "auto":
        _require_listening(str(ray))
    try:
        with _hushed():
            module.init(**how)
    except Exception as error:  # Ray raises plain ones too, such as for a slow start
        if "AuthToken" in f"{error}{error.__cause__}":
            raise ConfigError(
                f"the Ray cluster at {ray} wants its token: copy its ~/.ray/auth_token to this"
                " machine and set RAY_AUTH_MODE=token"
            ) from error
        raise ConfigError(f"{_no_cluster(ray)}: {_one_line(error)}") from error


def _require_listening(address: str) -> None:
    """Ask whether what listens speaks HTTP/2, as Ray does, which itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 2**16):
        raise ConfigError(
            f"--ray is HOST:PORT, as `ray start --head` says, or auto, not {address!r}"
        )
    try:
        with socket.create_connection((host, int(port)), _WAIT_S) as line:
            line.sendall(_HTTP2_GREETING)
            answer = line.recv(9)
    except OSError as error:
        said = error.strerror or str(error)
        raise ConfigError(f"{_no_cluster(address)}: {said}") from error
    if answer[3:4] != _HTTP2_SETTINGS and os.environ.get("RAY_USE_TLS") != "1":
        raise ConfigError(f"{_no_cluster(address)}: something else listens there")


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep what Ray's own code says of its attempts off standard error; the error is said here."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _no_cluster(ray: str | bool) -> str:
    if ray is True:
        return "Ray did not begin on this machine"
    where = "on this machine" if ray == "auto" else f"at {ray}"
    return f"no Ray cluster {where} (`ray start --head` begins one; --ray alone does without)"


def _in_order(
    module: Any, function: Callable[[T], R], items: Iterable[T], limit: int | None
) -> Iterator[R]:
    """Yield results in the order of the items, with few ahead of the one that is waited for."""
    from ray.exceptions import RayError, RayTaskError

    task = module.remote(num_cpus=1, max_retries=RETRIES)(_work)
    here, folder = _versions(), os.getcwd()
    pending: deque[Any] = deque()
    try:
        for item in items:
            if len(pending) >= (limit or 2 * _processors(module)):
                yield module.get(pending.popleft())
            pending.append(task.remote(function, item, here, folder))
        while pending:
            yield module.get(pending.popleft())
    except RayTaskError as error:
        _say(error)
    except RayError as error:
        raise DataError(
            f"a task on the Ray cluster ended early, {RETRIES + 1} times over, for want of memory"
            f" or of its machine: {_one_line(error)}"
        ) from error
    finally:
        for reference in pending:
            module.cancel(reference, force=True)


def _processors(module: Any) -> int:
    """Return how many processors the cluster has now; it may grow."""
    return max(1, int(module.cluster_resources().get("CPU", 1)))


def _work(function: Callable[[T], R], item: T, versions: dict[str, str], folder: str) -> R:
    """Do one task, in a process of the cluster, as it would be done at home."""
    import torch

    here = _versions()
    if differing := sorted({name for name, _ in here.items() ^ versions.items()}):
        differ = ", ".join(
            f"{name} {here.get(name, 'absent')}, not {versions.get(name, 'absent')}"
            for name in differing
        )
        raise DataError(
            f"the worker on {socket.gethostname()} has {differ}: pairs are the same only where all"
            " machines have the same packages"
        )
    with contextlib.suppress(OSError):  # where nothing is read by a relative path, none is needed
        os.chdir(folder)
    torch.set_num_threads(1)  # as in `workers`
    return function(item)


def _versions() -> dict[str, str]:
    """Return the version of all that pairs are made with."""
    versions = {"photism": photism.__version__}
    for name in _NUMERIC:
        with contextlib.suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def _say(error: Any) -> NoReturn:
    """Raise what a task raised, as if it had been raised here."""
    cause = error.cause
    if isinstance(cause, PhotismError):
        raise cause from None
    if "No module named" in str(error):
        missing = str(error).rpartition("No module named ")[2].split()[0].strip("'")
        raise DataError(
            f"a worker of the Ray cluster lacks {missing}: pip install 'photism[cluster]' there, in"
            " the environment that `ray start` runs in"
        ) from error
    raise error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:_SAID] or type(error).__name__
