"""Files appear whole or not at all, and nobody's own folder is removed."""

from __future__ import annotations

import errno
import os
import shutil

import pytest

from photism.errors import StorageError
from photism.files import replacing, require_room, sha256, walk, write_bytes, write_json


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_bytes(path, b"old")

    def fail_half_way():
        with replacing(path) as temporary:
            temporary.write_bytes(b"ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"b\.txt: No space left on device"):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_replaced_only_if_it_is_of_the_same_kind(tmp_path):
    mine, ours = tmp_path / "mine", tmp_path / "ours"
    for folder in (mine, ours):
        folder.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    (ours / "card.json").write_text("old")
    (ours / "left over").write_text("old")

    def replace_with_new(folder):
        with replacing(folder, marker="card.json") as temporary:
            temporary.mkdir()
            write_json(temporary / "card.json", {"new": True})

    with pytest.raises(StorageError, match="holds something else"):
        replace_with_new(mine)
    assert (mine / "thesis.tex").read_text() == "years of work"
    replace_with_new(ours)
    assert [path.name for path in ours.iterdir()] == ["card.json"]
    (tmp_path / "empty").mkdir()
    replace_with_new(tmp_path / "empty")
    assert (tmp_path / "empty" / "card.json").is_file()


def test_room_is_looked_for(tmp_path, monkeypatch):
    require_room(tmp_path / "new", 1)
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match="1 MB free but about 5 MB are needed"):
        require_room(tmp_path, 5_000_000)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write to"):
        require_room(tmp_path / "file" / "below")


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == digest


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
