from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photism.data.archives import Limits, members
from photism.errors import DataError

FILES = {"a.txt": b"first", "deep/er/b.bin": bytes(range(256)) * 40}


def tar(path: Path, files: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_of(path: Path, info: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        archive.addfile(info)
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {member.name: member.read() for member in members(path)}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("x.tar", "w"),
        ("x.tar.gz", "w:gz"),
        ("x.tgz", "w:gz"),
        ("X.TAR.XZ", "w:xz"),
        ("x.tar.bz2", "w:bz2"),
    ],
)
def test_tar_archives_give_their_files(tmp_path: Path, name: str, mode: str) -> None:
    assert contents(tar(tmp_path / name, FILES, mode)) == FILES


def test_zip_folder_and_gz_give_their_files(tmp_path: Path) -> None:
    assert contents(zipped(tmp_path / "x.zip", FILES)) == FILES
    for name, content in FILES.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    assert contents(tmp_path / "folder") == FILES
    (tmp_path / "one.bin.gz").write_bytes(gzip.compress(b"packed"))
    assert contents(tmp_path / "one.bin.gz") == {"one.bin": b"packed"}


def test_a_download_not_yet_checked_is_read_by_its_name_to_come(tmp_path: Path) -> None:
    assert contents(tar(tmp_path / "x.tar.gz.part", FILES, "w:gz")) == FILES


def test_names_lose_their_leading_dot(tmp_path: Path) -> None:
    assert set(contents(tar(tmp_path / "x.tar", {"./zero/a.wav": b""}))) == {"zero/a.wav"}


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/passwd", "..\\out", "C:\\out", "C:out", "\\\\host\\share\\out"],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="leads out of its folder"):
        contents(tar(tmp_path / "x.tar", {"fine": b"", name: b""}))
    with pytest.raises(DataError, match="leads out of its folder"):
        contents(zipped(tmp_path / "x.zip", {name: b""}))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("innocent.wav")
    info.type = kind
    info.linkname = "/etc/passwd"
    with pytest.raises(DataError, match="link or device"):
        contents(tar_of(tmp_path / "x.tar", info))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("innocent.wav")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="link or device"):
        contents(tmp_path / "x.zip")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": b"secret"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="encrypted"):
        contents(path)


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(files=1), "1 files"),
        (Limits(file_bytes=5_000), "5,000 bytes in a file"),
        (Limits(total_bytes=10_000), "10,000 bytes"),
    ],
)
def test_limits_count_files_that_nobody_reads(tmp_path: Path, limits: Limits, what: str) -> None:
    for path in (tar(tmp_path / "x.tar.gz", FILES, "w:gz"), zipped(tmp_path / "x.zip", FILES)):
        with pytest.raises(DataError, match=f"more than {what}"):
            list(members(path, limits))
        assert len(list(members(path))) == len(FILES)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(10_000_000)))
    with pytest.raises(DataError, match="more than 1,000 bytes"):
        list(members(path, Limits(file_bytes=1_000)))


def patched(path: Path, marker: bytes, offset: int, value: bytes) -> Path:
    """Overwrite bytes of a file at some distance from where a marker stands."""
    content = bytearray(path.read_bytes())
    place = content.index(marker) + offset
    content[place : place + len(value)] = value
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("method", [9, 97, 98])
def test_a_zip_packed_with_a_method_of_others(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "x.zip", {"a": bytes(1_000)})
    for marker, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        patched(path, marker, offset, method.to_bytes(2, "little"))
    with pytest.raises(DataError, match=r"packed in a way that is not read here .*unpack it by"):
        contents(path)


def test_a_file_of_two_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": bytes(1_000)})
    for marker, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        patched(path, marker, offset, (2**31 - 1).to_bytes(4, "little"))
    with pytest.raises(DataError, match="holds more than 268,435,456 bytes in a file"):
        contents(path)
    info = tarfile.TarInfo("a")
    info.size = 2**31 - 1
    (tmp_path / "x.tar").write_bytes(info.tobuf() + bytes(2_000))
    with pytest.raises(DataError, match="holds more than 268,435,456 bytes in a file"):
        contents(tmp_path / "x.tar")
    (tmp_path / "folder").mkdir()
    with open(tmp_path / "folder" / "long.wav", "wb") as file:
        file.truncate(2**31)  # a hole: it takes no room
    (member,) = members(tmp_path / "folder")
    with pytest.raises(DataError, match=r"long\.wav has 2,147,483,648 bytes"):
        member.read()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("a/b.wav", "a//b.wav"):
            archive.writestr(name, b"sound")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("a/b.wav", "./a/b.wav"):
            archive.addfile(tarfile.TarInfo(name))
    for name in ("x.zip", "x.tar"):
        with pytest.raises(DataError, match=r"holds 'a/b\.wav' twice"):
            contents(tmp_path / name)


@pytest.mark.parametrize("name", [".", "./", "a/.."])
def test_a_file_needs_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"without a name|leads out"):
        contents(tar(tmp_path / "x.tar", {name: b""}))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_long_name_of_gigabytes_is_not_read_into_memory(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("a")
    info.type, info.size = kind, 2**33
    (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000))
    with pytest.raises(DataError, match="header of impossible size"):
        contents(tmp_path / "x.tar")


def test_files_with_holes_and_negative_sizes(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a")
    info.type = tarfile.GNUTYPE_SPARSE
    (tmp_path / "holes.tar").write_bytes(info.tobuf() + bytes(10_240))
    with pytest.raises(DataError, match=r"not read here \(a file with holes"):
        contents(tmp_path / "holes.tar")
    info = tarfile.TarInfo("a")
    info.pax_headers = {"size": "-512"}
    with tarfile.open(tmp_path / "back.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(DataError):
        contents(tmp_path / "back.tar")
    info.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "0"}
    with tarfile.open(tmp_path / "pax.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(DataError, match=r"not read here \(a file with holes"):
        contents(tmp_path / "pax.tar")


def test_a_file_of_a_folder_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (member,) = members(tmp_path)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(DataError, match=r"a\.wav cannot be read: No such file"):
        member.read()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_is_damaged_is_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    name = data.draw(st.sampled_from(["x.tar", "x.tar.gz", "x.tar.xz", "x.zip", "x.gz"]))
    path = folder / name
    if name == "x.zip":
        zipped(path, FILES)
    elif name == "x.gz":
        path.write_bytes(gzip.compress(FILES["deep/er/b.bin"]))
    else:
        tar(path, FILES, {"x.tar": "w", "x.tar.gz": "w:gz", "x.tar.xz": "w:xz"}[name])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    with contextlib.suppress(DataError):
        contents(path)


@pytest.mark.parametrize("kept", [0, 10, 200, -20])
@pytest.mark.parametrize("name", ["x.tar.gz", "x.zip", "x.gz"])
def test_a_cut_archive_is_one_clear_error(tmp_path: Path, name: str, kept: int) -> None:
    path = tmp_path / name
    if name == "x.gz":
        path.write_bytes(gzip.compress(bytes(range(256)) * 40, mtime=0))
    else:
        zipped(path, FILES) if name == "x.zip" else tar(path, FILES, "w:gz")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=f"{name} is damaged or cut short .*fetch it again"):
        contents(path)


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    for name, mode in (("x.tar", "w"), ("x.tar.gz", "w:gz")):
        plain = tar(tmp_path / "plain.tar", FILES)
        content = bytearray(plain.read_bytes())
        content[1024 + 150] ^= 0xFF  # in the checksum of the second header
        packed = gzip.compress(content) if mode == "w:gz" else bytes(content)
        (tmp_path / name).write_bytes(packed)
        with pytest.raises(DataError, match="header is damaged"):
            contents(tmp_path / name)


def test_flipped_bytes_are_found(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a": bytes(1_000)})
    content = bytearray(path.read_bytes())
    content[35] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        contents(path)


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match="not an archive photism reads"):
        contents(tmp_path / "x.rar")
    with pytest.raises(DataError, match="no archive at"):
        contents(tmp_path / "missing.zip")


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.wav").write_bytes(b"sound")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "here")
    assert contents(tmp_path / "here") == {"link/a.wav": b"sound"}
