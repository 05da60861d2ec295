"""What the environment says: the only module that reads it (prefix `PULLQUOTE_`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from indexer.errors import InvalidInput
from indexer.models.defaults import EMBEDDER, READER
from indexer.stores import place_of

_PREFIX = "PULLQUOTE_"
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")


class Settings(BaseSettings):
    """Settings: what is given by name, else the environment (`PULLQUOTE_PORT=8080`), else the default.

    archive: its folder, or the URL of a database. state: the folder of keys and audit log, None for the archive's own;
    of a database, for its own table of keys, and a log in ./pullquote-state.
    models: the folder of prepared models, None for the user's cache. embedder, reader: names in models.yaml, or in
    the file `registry`, which has the same form and adds to it.
    allowed_hosts: names by which browsers may reach the server besides localhost, separated by commas.
    public: once there are keys, let those without one search. rate: what one key and address may ask.
    proxies: addresses of proxies whose X-Forwarded-For is believed, separated by commas.
    log: what goes to stderr, `warnings`, `requests` as lines of JSON, or with their `questions`.
    slots: questions answered at a time; queue: how many may wait behind them, the rest is refused.
    request_seconds, body_seconds: the longest that an answer may take, and a body to arrive.
    Raises InvalidInput: a value cannot be taken; `field` is the variable's name.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    archive: Path | str = Path("archive")
    state: Path | None = None
    models: Path | None = None
    registry: Path | None = None
    embedder: str = EMBEDDER
    reader: str = READER
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    public: bool = False
    rate: str = "300/minute"
    proxies: Annotated[tuple[str, ...], NoDecode] = ("127.0.0.1",)
    log: Literal["warnings", "requests", "questions"] = "warnings"
    slots: int = Field(default=2, ge=1, le=256)
    queue: int = Field(default=16, ge=0, le=10_000)
    request_seconds: float = Field(default=30, gt=0, le=3600)
    body_seconds: float = Field(default=20, gt=0, le=3600)

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 pydantic checks it
        try:
            super().__init__(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = _PREFIX + str(first["loc"][0]).upper()
            raise InvalidInput(name, f"{first['msg']}, got {first['input']!r}: change it or unset it") from error

    @field_validator("archive", mode="before")
    @classmethod
    def _place(cls, value: Any) -> Any:  # noqa: ANN401 anything may be given
        return place_of(value) if isinstance(value, str) else value

    @property
    def folder(self) -> Path:
        """Where the audit log lies, and keys that are a file: the archive's folder, or `state`."""
        return self.state or (self.archive if isinstance(self.archive, Path) else Path("pullquote-state"))

    @field_validator("allowed_hosts", "proxies", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:  # noqa: ANN401 anything may be given
        names = value.split(",") if isinstance(value, str) else value
        return tuple(name.strip().lower() for name in names if name.strip())

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST.fullmatch(name) for name in names):
            raise ValueError("Input should be host names without scheme or port, separated by commas")
        return names
