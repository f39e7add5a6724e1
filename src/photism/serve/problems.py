"""Errors as other programs read them: problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from photism.errors import AudioError, ConfigError, ImageError, PhotismError, nearest
from photism.terminal import printable

PROBLEM_JSON = "application/problem+json"
_STATUS: Mapping[type[PhotismError], int] = {AudioError: 422, ImageError: 422, ConfigError: 400}


class Problem(Exception):  # noqa: N818  the word of RFC 9457
    """Why a request is not answered.

    Args:
        status: of HTTP.
        detail: one line that says what was wrong and what to do.
        headers: of the answer, such as Retry-After.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, printable(detail), dict(headers or {})

    def document(self, request_id: str) -> bytes:
        """Return the problem document.

        Args:
            request_id: of the request, which its log lines carry too.

        Returns:
            JSON with the members of RFC 9457 and `request_id`.
        """
        content: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        return json.dumps(content).encode()


def problem_of(error: PhotismError) -> Problem:
    """Return an error of the user's as a problem, with the line that the command line prints."""
    return Problem(_STATUS.get(type(error), 500), str(error))


def mistake(found: Mapping[str, Any], options: Iterable[str], *, skipped: int = 0) -> str:
    """Return in one line what is wrong with options.

    Args:
        found: an error of pydantic's.
        options: their names, to suggest the nearest.
        skipped: leading parts of the place that mean nothing to a caller.

    Returns:
        The option, and why it cannot be used.
    """
    place = ".".join(str(part) for part in found["loc"][skipped:])
    if found["type"] == "extra_forbidden":
        return f"no option {place!r}: {nearest(place, options)}"
    return f"{place}: {found['msg']}" if place else str(found["msg"])


def too_many(detail: str, retry_s: int = 1) -> Problem:
    """Return the problem of a caller who should come again."""
    return Problem(429, detail, {"Retry-After": str(retry_s)})
