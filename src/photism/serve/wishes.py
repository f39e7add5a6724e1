"""What a caller may ask for: the options of `photism translate`, as a query."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from photism.errors import ConfigError


class Query(BaseModel):
    """Options of a translation."""

    model_config = ConfigDict(extra="forbid")

    system: str | None = Field(
        None, max_length=200, description="One of `/v1/systems`; by default what takes such a file."
    )
    label: str | None = Field(
        None, max_length=200, description="What is heard, for systems that take a label."
    )
    seed: int = Field(0, ge=0, lt=2**62, description="Of the noise.")
    num_samples: int = Field(
        1, ge=1, le=16, description="Results of each clip, with this seed and the ones after it."
    )
    sampling: list[str] = Field(
        [], max_length=20, description="How to sample, as `name=value`; may be repeated."
    )
    start: float = Field(0.0, ge=0, le=1e6, description="Seconds to skip at the beginning.")
    duration: float | None = Field(None, gt=0, le=1e6, description="Seconds to read.")
    all: bool = Field(False, description="Every clip, not the first in which something is heard.")
    size: int | Literal["native"] = Field(
        280, description="Longer side in pixels, as near as repeating pixels allows; or `native`."
    )
    log_mel: bool = Field(False, description="In JSON: what the system saw, or made, of a sound.")

    @property
    def side(self) -> int | None:
        """Longer side in pixels; None is the system's own."""
        if self.size == "native":
            return None
        if not 1 <= self.size <= 4096:
            raise ConfigError(f"size is from 1 to 4096 pixels, or native, not {self.size}")
        return self.size

    @property
    def settings(self) -> dict[str, str]:
        """Sampling by name."""
        for word in self.sampling:
            if "=" not in word:
                raise ConfigError(f"sampling wants name=value, not {word!r}")
        return dict(word.split("=", 1) for word in self.sampling)
