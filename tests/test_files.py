"""Files appear whole or not at all, and nobody's own folder is removed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from photism.errors import StorageError
from photism.files import (
    claimed,
    clear_leftovers,
    named,
    parse_json,
    replacing,
    require_room,
    sha256,
    walk,
    write_bytes,
    write_json,
    write_text,
)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_bytes(path, b"old")

    def fail_half_way() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"b\.txt: No space left on device"):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_all_of_it_is_on_disk_before_the_name_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flushed = tmp_path / "b.txt", []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(path.exists()))
    write_bytes(path, b"new")
    assert flushed == [False]


def replace_with_new(folder: Path, number: int = 0) -> None:
    with replacing(folder, marker="card.json") as temporary:
        temporary.mkdir()
        write_json(temporary / "card.json", number)


def test_a_folder_is_replaced_only_if_it_is_of_the_same_kind(tmp_path: Path) -> None:
    mine, ours = tmp_path / "mine", tmp_path / "ours"
    for folder in (mine, ours):
        folder.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    (ours / "card.json").write_text("old")
    (ours / "left over").write_text("old")

    with pytest.raises(StorageError, match="holds something else"):
        replace_with_new(mine)
    assert (mine / "thesis.tex").read_text() == "years of work"
    replace_with_new(ours)
    assert [path.name for path in ours.iterdir()] == ["card.json"]
    (tmp_path / "empty").mkdir()
    replace_with_new(tmp_path / "empty")
    assert (tmp_path / "empty" / "card.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "mine", "ours"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="no step that swaps folders")
def test_a_folder_is_never_gone_while_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ours"
    replace_with_new(folder, 1)
    there = []

    def watched(step: Callable[..., None]) -> Callable[..., None]:
        def stepping(*arguments: object, **settings: object) -> None:
            step(*arguments, **settings)
            there.append(folder.is_dir())

        return stepping

    for module, name in ((os, "rename"), (os, "replace"), (shutil, "rmtree")):
        monkeypatch.setattr(module, name, watched(getattr(module, name)))
    replace_with_new(folder, 2)
    assert there
    assert all(there)
    assert json.loads((folder / "card.json").read_text()) == 2


@pytest.mark.parametrize("moved", [True, False])
def test_a_folder_is_replaced_where_the_system_cannot_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    replace_with_new(tmp_path / "ours", 1)
    monkeypatch.setattr("photism.files._exchanged", lambda *_: False)
    rename = os.rename

    def across_layers(old: Path, new: Path) -> None:
        if Path(old) == tmp_path / "ours":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(old, new)

    if not moved:
        monkeypatch.setattr(os, "rename", across_layers)
    replace_with_new(tmp_path / "ours", 2)
    assert json.loads((tmp_path / "ours" / "card.json").read_text()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


WRITER = """
import sys, time
from pathlib import Path
from photism.files import replacing
with replacing(Path(sys.argv[1]), marker="card.json") as temporary:
    temporary.mkdir()
    (temporary / "half").write_bytes(bytes(1000))
    print("half way", flush=True)
    sys.stdin.read()
    (temporary / "card.json").write_text("whole")
"""


def start_writing(folder: Path) -> subprocess.Popen[str]:
    """Start a process that stops half way until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half way\n"
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="leftovers are told by their age there")
def test_what_a_killed_process_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    killed, alive = (start_writing(tmp_path / name) for name in ("killed", "alive"))
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.iterdir())) == 2
    replace_with_new(tmp_path / "mine")
    (left,) = (path for path in tmp_path.iterdir() if path.name != "mine")
    assert (left / "alive" / "half").is_file()
    alive.communicate()
    assert alive.returncode == 0
    assert (tmp_path / "alive" / "card.json").read_text() == "whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alive", "mine"]


def test_old_leftovers_go_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    for name in ("young", "old"):
        (tmp_path / f".photism-{name}.part" / "half").mkdir(parents=True)
    os.utime(tmp_path / ".photism-old.part", (0, 0))
    require_room(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".photism-young.part"]


def test_a_folder_that_was_only_just_begun_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / ".photism-begun.part").mkdir()
    clear_leftovers(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


LIMITED = """
import resource, sys
from pathlib import Path
import numpy
from safetensors.numpy import save_file
from photism.errors import StorageError
from photism.files import replacing, write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
for write in (lambda path: path.write_bytes(bytes(100_000)),
              lambda path: save_file({"a": numpy.zeros(100_000)}, path)):
    try:
        with replacing(Path(sys.argv[1])) as temporary:
            write(temporary)
    except StorageError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_file_that_does_not_fit_is_told_whatever_writes_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "out")], capture_output=True, text=True
    )
    assert ran.stdout.splitlines() == [f"cannot write {tmp_path / 'out'}: File too large"] * 2
    assert not list(tmp_path.iterdir())


def test_links_are_followed_and_stay(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    write_text(tmp_path / "disk" / "a.txt", "old")
    replace_with_new(tmp_path / "disk" / "ours", 1)
    for name in ("a.txt", "ours", "to come"):
        (tmp_path / name).symlink_to(tmp_path / "disk" / name)
    write_text(tmp_path / "a.txt", "new")
    replace_with_new(tmp_path / "ours", 2)
    replace_with_new(tmp_path / "to come", 3)
    assert all((tmp_path / name).is_symlink() for name in ("a.txt", "ours", "to come"))
    assert (tmp_path / "disk" / "a.txt").read_text() == "new"
    assert (tmp_path / "disk" / "ours" / "card.json").read_text() == "2\n"
    assert (tmp_path / "disk" / "to come" / "card.json").read_text() == "3\n"


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="no devices with names")
def test_a_device_is_not_replaced_by_a_file() -> None:
    with pytest.raises(StorageError, match="/dev/null is a device or pipe"):
        write_bytes(Path("/dev/null"), b"")


def test_a_claimed_folder_is_claimed_once(tmp_path: Path) -> None:
    with (
        claimed(tmp_path),
        pytest.raises(StorageError, match="another process is at work"),
        claimed(tmp_path),
    ):
        pass
    with claimed(tmp_path):
        pass
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot write to"), claimed(tmp_path / "file"):
        pass


@pytest.mark.parametrize("stem", ["n" * 250, "ä" * 125, "字" * 80 + "n" * 9, "caf\udce9" * 50])
def test_a_long_name_is_shortened_until_it_fits(tmp_path: Path, stem: str) -> None:
    name, other = named(stem, "_001.png"), named(stem + "x", "_001.png")
    for each in (name, other):
        (tmp_path / each).write_bytes(b"")
        assert each.endswith("_001.png")
    assert name != other
    assert name[:20].startswith(stem[:3])
    assert named("drei", "_001.png") == "drei_001.png"


def test_names_that_are_no_text_are_written_and_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"source": "caf\udce9.wav", "title": "für"})
    content = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert "für" in content
    assert parse_json(content) == {"source": "caf\udce9.wav", "title": "für"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "nested too deep"),
        (b'{"a": "\xff"}', "utf-8"),
        ("9" * 5000, "integer string"),
        ("{", "Expecting"),
    ],
)
def test_json_of_anybody(content: str | bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(content)
    assert parse_json('{"a": [[], {"b": 1}]}') == {"a": [[], {"b": 1}]}


def test_room_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_room(tmp_path / "new", 1)
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="1 MB free but about 5 MB are needed"):
        require_room(tmp_path, 5_000_000)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write to"):
        require_room(tmp_path / "file" / "below")


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == digest
    with pytest.raises(StorageError, match=r"cannot read .*: No such file"):
        sha256(tmp_path / "missing")


def test_folders_are_walked_in_order_through_links_and_never_twice(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for folder, name in ((outside, "c"), (inside, "b"), (inside / "z", "a"), (inside / ".x", "d")):
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    (inside / ".hidden").touch()
    (inside / "link").symlink_to(outside)
    (inside / "again").symlink_to(outside)
    (outside / "loop").symlink_to(inside)
    (inside / "dangling").symlink_to("nowhere")
    os.mkfifo(inside / "pipe")
    found = [path.relative_to(inside).as_posix() for path in walk(inside)]
    assert found == ["b", "dangling", "again/c", "z/a"]


def test_a_folder_that_is_not_there_is_told(tmp_path):
    failed = []
    assert list(walk(tmp_path / "gone", failed.append)) == []
    assert [error.filename for error in failed] == [str(tmp_path / "gone")]
