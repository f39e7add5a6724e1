"""Ray: the pairs of one process, whatever dies in between; what is amiss is said in one line."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from photism.cli import main
from photism.data import cluster, parts
from photism.data.cluster import ray_mapping
from photism.data.own import takes
from photism.data.own.making import Portion
from photism.data.prepare import prepare
from photism.data.sources.folder import Folder
from photism.data.sources.orchestra import Orchestra
from photism.errors import ConfigError, DataError, StorageError


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    """A Ray of two processors on this machine, begun as `--ray` alone begins one."""
    pytest.importorskip("ray")
    paths = os.pathsep.join(path for path in sys.path if path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)  # workers find the functions of this file
        with ray_mapping(True, workers=2):
            yield


def write_pairs(folder: Path) -> None:
    """Six tones, each with a picture of one colour."""
    folder.mkdir()
    for number in range(6):
        wave = 0.3 * np.sin(np.arange(8000) * 0.05 * (1 + number))
        soundfile.write(folder / f"{number}.wav", wave, 8000)
        Image.new("RGB", (20, 20), (40 * number, 0, 0)).save(folder / f"{number}.png")


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def square_or_die(number_and_mark: tuple[int, Path]) -> int:
    """Square a number; the process of 3 is killed the first time."""
    number, mark = number_and_mark
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def full_disk(_: int) -> None:
    raise StorageError("the disk is full")


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_costs_nothing_and_the_order_stays(ray: None, tmp_path: Path) -> None:
    with ray_mapping(True) as in_order:
        squares = list(in_order(square_or_die, ((n, tmp_path / "mark") for n in range(12))))
    assert (tmp_path / "mark").exists()
    assert squares == [n**2 for n in range(12)]


def test_no_more_is_begun_than_is_soon_wanted(ray: None, tmp_path: Path) -> None:
    """So the memory does not grow with the number of files."""
    begun = []
    with ray_mapping(True) as in_order:
        items = ((begun.append(n) or n, tmp_path) for n in range(100, 10_000))
        results = in_order(square_or_die, items)
        assert next(iter(results)) == 100**2
        assert len(begun) <= 2 * 2 + 1
        results.close()


@pytest.mark.parametrize("relative", [False, True])
def test_own_pairs_are_those_of_one_process(
    ray: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    monkeypatch.setattr(takes, "_FILES", 2)
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "raw")
    raw = Path("raw") if relative else tmp_path / "raw"
    for out, how in (("one", {"workers": 1}), ("ray", {"ray": True})):
        source = Folder(front_end="aivae-8k", size=16, **how)
        prepare(source, raw=raw, out=tmp_path / out / "pairs")
    assert content(tmp_path / "one/pairs") == content(tmp_path / "ray/pairs")
    assert [path.name for path in (tmp_path / "ray").iterdir()] == ["pairs"]


def test_drawn_pairs_are_those_of_one_process(ray: None, tmp_path: Path) -> None:
    words = "data prepare orchestra --performances 3 --seconds 1 --hop-s 0.5 --size 16 --out"
    assert main([*words.split(), str(tmp_path / "ray" / "pairs"), "--ray"]) == 0
    source = Orchestra(performances=3, seconds=1.0, hop_s=0.5, size=16, workers=1)
    prepare(source, out=tmp_path / "one" / "pairs")
    assert content(tmp_path / "one/pairs") == content(tmp_path / "ray/pairs")


def test_errors_of_a_task_arrive_as_they_are(ray: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageError, match="the disk is full"), ray_mapping(True) as in_order:
        list(in_order(full_disk, range(3)))
    monkeypatch.setattr(cluster, "RETRIES", 0)
    with pytest.raises(DataError, match="ended early, 1 times over"), ray_mapping(True) as in_order:
        list(in_order(die, [1]))


def test_a_worker_without_photism_is_told(ray: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is another module that workers do not find."""
    absent = types.ModuleType("absent")
    absent.die = types.FunctionType(die.__code__, {})
    absent.die.__module__ = "absent"
    monkeypatch.setitem(sys.modules, "absent", absent)
    with (
        pytest.raises(DataError, match="a worker of the Ray cluster lacks absent: pip install"),
        ray_mapping(True) as in_order,
    ):
        list(in_order(absent.die, [1]))


def test_a_worker_with_other_packages_is_refused() -> None:
    versions = {**cluster._versions(), "numpy": "0.1"}
    with pytest.raises(DataError, match=r"has numpy [\d.]+, not 0.1: pairs are the same only"):
        cluster._work(abs, 1, versions, ".")


def test_a_machine_that_sees_other_files_is_told(tmp_path: Path) -> None:
    """Nothing is left out in silence because one machine lacks the folder of the sounds."""
    write_pairs(tmp_path / "raw")
    source = Folder(front_end="aivae-8k", size=16)
    files = (tmp_path / "raw/0.wav", tmp_path / "raw/0.png")
    job = Portion(source.recipe(source.form()[0]), (files,))
    task = parts._Task(job.digest(), job, None, tmp_path)
    files[0].unlink()
    with pytest.raises(DataError, match="does not see the files as they were found"):
        parts._do_elsewhere(task)
    task = parts._Task(job.digest(), job, None, tmp_path / "nowhere")
    with pytest.raises(DataError, match="all machines of a cluster have to share"):
        parts._do_elsewhere(task)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("head", "--ray is HOST:PORT"),
        ("head:99999", "--ray is HOST:PORT"),
        ("127.0.0.1:1", "no Ray cluster at 127.0.0.1:1 .*[Rr]efused"),
        ("nowhere.invalid:6379", "no Ray cluster at nowhere.invalid:6379"),
    ],
)
def test_an_address_without_a_cluster(address: str, said: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(ConfigError, match=said):
        cluster._require_listening(address)


def test_what_listens_but_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"

        def answer() -> None:
            line, _ = server.accept()
            with line:
                line.recv(64)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(ConfigError, match="something else listens there"):
            cluster._require_listening(address)
        thread.join()


def test_ray_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert (
        main(["data", "prepare", "orchestra", "--ray", "auto", "--out", f"{tmp_path}/pairs"]) == 2
    )
    said = capsys.readouterr().err
    assert said == (
        "photism: --ray needs the extra cluster: pip install 'photism[cluster]', on all machines\n"
    )
    assert not list(tmp_path.iterdir())
