"""The file in a request: its bytes, kept in memory and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import PurePosixPath

from fastapi import Request as HttpRequest
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from photism.serve.cutting import Upload
from photism.serve.problems import Problem
from photism.terminal import printable

_NAME_LETTERS = 100


async def read_upload(request: HttpRequest, most_bytes: int) -> Upload:
    """Read the file of a request: the whole body, or the field `file` of a form.

    Args:
        request: of FastAPI.
        most_bytes: size that is not exceeded, whatever the headers say.

    Returns:
        The file, its name without folders.

    Raises:
        Problem: it is too large (413), not there, or the form cannot be understood (400).
    """
    if int(request.headers.get("content-length", "0")) > most_bytes:
        raise _too_large(most_bytes)
    chunks = _limited(request, most_bytes)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return _named(b"".join([chunk async for chunk in chunks]), None)
    parser = MultiPartParser(request.headers, chunks, max_files=1, max_fields=0)
    parser.spool_max_size = 2 * most_bytes  # nothing is written to the disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Problem(400, f"the form cannot be read: {error.message}") from error
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise Problem(400, "the form has no field `file` with a recording or a picture")
    return _named(await file.read(), file.filename)


async def _limited(request: HttpRequest, most_bytes: int) -> AsyncGenerator[bytes, None]:
    count = 0
    async for chunk in request.stream():
        count += len(chunk)
        if count > most_bytes:
            raise _too_large(most_bytes)
        yield chunk


def _too_large(most_bytes: int) -> Problem:
    return Problem(
        413, f"more than {most_bytes / 1e6:g} MB: send a shorter recording or a smaller picture"
    )


def _named(content: bytes, filename: str | None) -> Upload:
    if not content:
        raise Problem(400, "the request has no content: send the bytes of a recording or picture")
    name = PurePosixPath((filename or "").replace("\\", "/")).name
    return Upload(content, printable(name)[-_NAME_LETTERS:] or "the file")
