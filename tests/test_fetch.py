"""Downloads against a server on this machine that is slow, breaks off, lies, or has nothing."""

from __future__ import annotations

import errno
import gzip
import hashlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photism.cli import main
from photism.data import fetch as fetching
from photism.data.fetch import Archive, Upstream, check, download, fetch, find_archive
from photism.data.prepare import raw_folder
from photism.data.sources import UPSTREAM
from photism.data.sources.fsdd import FSDD
from photism.data.sources.mnist import MNIST
from photism.errors import DataError, DownloadError, StorageError

CONTENT = gzip.compress(np.random.default_rng(0).bytes(300_000), mtime=0)
HALF = len(CONTENT) // 2


class Server(http.server.ThreadingHTTPServer):
    """Answers each path with its next behaviour, the last one again and again.

    "whole" knows ranges and "no-range" does not; "break N" and "stall N" stop after N bytes of an
    answer, by hanging up or by silence; "drip" sends a few bytes at a time; "chunked" does not say
    how much there is; "other" sends another file; a number is an HTTP status.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: dict[str, list[str]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.over = threading.Event()

    def url(self, path: str, *behaviours: str) -> str:
        self.script[path] = list(behaviours)
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def next_behaviour(self, path: str) -> str:
        script = self.script[path]
        return script.pop(0) if len(script) > 1 else script[0]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append((self.path, wanted))
        behaviour, _, count = self.server.next_behaviour(self.path).partition(" ")
        if behaviour.isdigit():
            return self.send_error(int(behaviour))
        content = b"another file" if behaviour == "other" else CONTENT
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if behaviour in ("no-range", "chunked"):
            start = 0
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if behaviour != "chunked":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        rest = content[start : start + int(count) if count else None]
        step = 1_009 if behaviour == "drip" else len(rest)
        for place in range(0, len(rest), step):
            self.wfile.write(rest[place : place + step])
            self.wfile.flush()
        if behaviour == "stall":
            self.server.over.wait(30)
        return None


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


def archive(*urls: str, content: bytes | None = CONTENT, name: str = "x.gz") -> Archive:
    digest = hashlib.sha256(content).hexdigest() if content is not None else None
    return Archive(name, urls, size_bytes=len(CONTENT), sha256=digest)


def get(archive: Archive, folder: Path, **options: Any) -> list[float]:
    """Download without waiting; return the pauses that would have been made."""
    pauses: list[float] = []
    download(archive, folder, pause=pauses.append, **options)
    assert (folder / archive.name).read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == [archive.name]
    return pauses


@pytest.mark.parametrize("behaviour", ["whole", "drip", "no-range", "chunked"])
def test_a_file_arrives_whole(server: Server, tmp_path: Path, behaviour: str) -> None:
    assert get(archive(server.url("/x", behaviour)), tmp_path) == []
    assert server.asked == [("/x", None)]


def test_a_broken_connection_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    pauses = get(archive(server.url("/x", "break 1000", f"break {HALF}", "whole")), tmp_path)
    assert server.asked == [
        ("/x", None),
        ("/x", "bytes=1000-"),
        ("/x", f"bytes={1000 + HALF}-"),
    ]
    assert pauses == [1.0, 1.0]  # every try brought something


def test_a_silent_server_counts_as_broken(server: Server, tmp_path: Path) -> None:
    get(archive(server.url("/x", "stall 5000", "whole")), tmp_path, timeout_s=0.2)
    assert server.asked == [("/x", None), ("/x", "bytes=5000-")]


def test_a_later_run_continues_what_an_earlier_one_left(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.gz.part").write_bytes(CONTENT[:HALF])
    get(archive(server.url("/x", "whole")), tmp_path)
    assert server.asked == [("/x", f"bytes={HALF}-")]


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.gz.part").write_bytes(b"x" * HALF)
    get(archive(server.url("/x", "no-range")), tmp_path)


def test_all_had_arrived_before_the_last_run_ended(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.gz.part").write_bytes(CONTENT)
    get(archive(server.url("/x", "whole")), tmp_path)


def test_a_part_longer_than_the_file_is_started_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.gz.part").write_bytes(CONTENT + b"more")
    get(archive(server.url("/x", "whole")), tmp_path)
    assert server.asked[-1] == ("/x", None)


def test_a_wrong_file_is_not_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"/x gave another file of 12 bytes.*--from"):
        get(archive(server.url("/x", "other")), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_part_of_another_file_does_not_spoil_the_next_try(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.gz.part").write_bytes(b"x" * HALF)
    with pytest.raises(DownloadError, match="gave another file"):
        get(archive(server.url("/x", "whole")), tmp_path)
    get(archive(server.url("/x", "whole")), tmp_path)


@pytest.mark.parametrize("first", ["404", "403", "503", "other"])
def test_the_next_mirror_helps_out(server: Server, tmp_path: Path, first: str) -> None:
    mirrors = server.url("/first", first), server.url("/second", "whole")
    get(archive(*mirrors), tmp_path)


def test_missing_everywhere_names_every_mirror(server: Server, tmp_path: Path) -> None:
    mirrors = server.url("/first", "404"), server.url("/second", "410")
    with pytest.raises(DownloadError, match=r"/first answered 404 .*/second answered 410") as error:
        get(archive(*mirrors), tmp_path)
    assert "--from" in str(error.value)
    assert len(server.asked) == 2  # neither is asked again
    assert not list(tmp_path.iterdir())


def test_a_busy_server_is_asked_again_with_growing_pauses(server: Server, tmp_path: Path) -> None:
    assert get(archive(server.url("/x", "503", "502", "whole")), tmp_path) == [2.0, 4.0]


def test_a_server_that_never_gets_further_is_given_up(server: Server, tmp_path: Path) -> None:
    pauses: list[float] = []
    with pytest.raises(DownloadError, match=r"broke off \(after 10 of"):
        download(archive(server.url("/x", "no-range 10")), tmp_path, pause=pauses.append)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert (tmp_path / "x.gz.part").read_bytes() == CONTENT[:10]


def test_nobody_listens(tmp_path: Path) -> None:
    with Server() as server:
        url = server.url("/x", "whole")
    with pytest.raises(DownloadError, match="broke off"):
        download(archive(url), tmp_path, attempts=1)


def test_a_full_disk_keeps_what_arrived(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(FileIO):
        def write(self, content: Any) -> int:
            if self.tell() >= HALF:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(bytes(content)[: HALF - self.tell()])

    wanted = archive(server.url("/x", "whole"))
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "FileIO", FullDisk)
        with pytest.raises(StorageError, match=r"No space left.*free some space"):
            get(wanted, tmp_path)
    assert (tmp_path / "x.gz.part").read_bytes() == CONTENT[:HALF]
    get(wanted, tmp_path)
    assert server.asked == [("/x", None), ("/x", f"bytes={HALF}-")]


def test_too_little_room_is_told_before_the_first_byte(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(StorageError, match="are needed"):
        get(archive(server.url("/x", "whole")), tmp_path)
    assert not server.asked


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write to"):
        download(archive(server.url("/x", "whole")), tmp_path / "file" / "raw")


def test_without_a_published_checksum_the_archive_is_read_through(
    server: Server, tmp_path: Path
) -> None:
    unknown = archive(server.url("/x", "whole"), content=None)
    assert download(unknown, tmp_path) is False
    broken = archive(server.url("/y", "other"), content=None, name="y.gz")
    with pytest.raises(DownloadError, match="gave another file"):
        download(broken, tmp_path)
    repacked = Archive("x.gz", (), 1, repacked=(hashlib.sha256(CONTENT).hexdigest(),))
    assert check(repacked, tmp_path / "x.gz") is True


def test_fetch_from_a_folder(tmp_path: Path) -> None:
    wanted = archive()
    (tmp_path / "usb" / "deep").mkdir(parents=True)
    (tmp_path / "usb" / "deep" / "x.gz").write_bytes(CONTENT)
    first = fetch(wanted, tmp_path / "raw", source=tmp_path / "usb")
    assert (first.how, first.verified) == ("copied", True)
    assert first.path.read_bytes() == CONTENT
    assert fetch(wanted, tmp_path / "raw").how == "was here"
    with pytest.raises(DataError, match=r"no y\.gz below"):
        fetch(archive(name="y.gz"), tmp_path / "raw", source=tmp_path / "usb")


def test_a_wrong_file_in_a_folder_is_told_and_not_copied(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"another file")
    with pytest.raises(DataError, match=r"x\.gz is not the published x\.gz: it has 12 bytes"):
        fetch(archive(), tmp_path / "raw", source=tmp_path)
    assert not (tmp_path / "raw").exists()
    assert find_archive(archive(name="z.gz"), tmp_path) is None


@pytest.fixture
def tiny(server: Server, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    """A published data set of one archive on the local server."""
    wanted = archive(server.url("/x", "whole"))
    tiny = Upstream("tiny", "bytes", "CC0-1.0", "nobody", "http://127.0.0.1/", (wanted,))
    monkeypatch.setitem(UPSTREAM, "tiny", tiny)
    return tiny


def test_the_command_fetches_once(
    tiny: Upstream, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for how in ("downloaded", "was here"):
        assert main(["data", "fetch", "tiny"]) == 0
        assert (
            f"{how}: {raw_folder() / 'tiny' / 'x.gz'} (checksum agrees)" in capsys.readouterr().out
        )
    assert len(server.asked) == 1
    assert main(["data", "verify"]) == 0
    assert "tiny: as it should be" in capsys.readouterr().out


def test_the_command_says_what_is_wrong_in_one_line(
    tiny: Upstream, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.url("/x", "404")
    assert main(["data", "fetch", "tiny"]) == 2
    assert main(["data", "fetch", "minst"]) == 2
    assert main(["data", "fetch"]) == 2
    missing, unknown, nothing = capsys.readouterr().err.splitlines()
    assert "x.gz could not be fetched" in missing
    assert "answered 404" in missing
    assert "did you mean 'mnist'?" in unknown
    assert "name what to fetch: mnist-fsdd, mnist-scd, spoken-digits, scenes, mnist" in nothing


def test_verify_names_a_damaged_archive(tiny: Upstream, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "fetch", "tiny"]) == 0
    path = raw_folder() / "tiny" / "x.gz"
    path.write_bytes(CONTENT[:-1])
    assert main(["data", "verify", "tiny"]) == 2
    captured = capsys.readouterr()
    assert f"{path} is not the published x.gz" in captured.out
    assert "1 of 1" in captured.err
    path.unlink()
    assert main(["data", "verify", "tiny"]) == 2
    assert "missing: run `photism data fetch tiny`" in capsys.readouterr().out


@pytest.mark.data
@pytest.mark.parametrize("upstream", [MNIST, FSDD], ids=lambda upstream: upstream.name)
def test_the_real_archives_have_the_checksums_listed_here(
    real_data: Path, upstream: Upstream
) -> None:
    for wanted in upstream.archives:
        path = find_archive(wanted, real_data)
        assert path is not None
        assert check(wanted, path) is True
        assert path.stat().st_size == pytest.approx(wanted.size_bytes, rel=0.01)
