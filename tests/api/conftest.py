"""A server over a real archive of a few small articles, with the real models."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from api.app import create_app
from api.contract import contract
from api.settings import Settings
from pullquote import Archive

HERE = ("127.0.0.1", 50_000)
BRIDGE = "Mayor opens bridge 🌉\n\nAna López opened the new bridge on Monday.\r\nIt cost 3 million euros.\n"
ARTICLES: list[dict[str, Any]] = [
    {
        "id": "bridge-1",
        "text": BRIDGE,
        "title": "Mayor opens bridge 🌉",
        "source": "The Daily",
        "url": "https://daily.example/bridge",
        "author": "R. Eporter",
        "published_at": "2022-02-06",
        "metadata": {"section": "local"},
    },
    {
        "id": "bridge-2",
        "text": "A second bridge is planned over the river, the mayor said.",
        "source": "The Weekly",
        "author": "W. Riter",
        "published_at": "2023-03-01T10:00:00Z",
    },
    {
        "id": "storm-1",
        "text": "A storm hit the coast of Brittany and cut power to 40,000 homes.",
        "source": "The Weekly",
    },
]

Check = Callable[[str, Any], None]


@contextmanager
def client_of(app: FastAPI) -> Iterator[TestClient]:
    """A client on this machine, once questions are answered."""
    with TestClient(app, "http://localhost", client=HERE) as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, "the archive was not loaded in time"
            time.sleep(0.02)
        yield client


@contextmanager
def server_in(folder: Path) -> Iterator[TestClient]:
    """A client of a server over a new archive that holds ARTICLES."""
    with Archive(folder, create=True) as archive, client_of(create_app(Settings(archive=folder), archive)) as client:
        assert client.post("/v1/articles", json={"items": ARTICLES}).json()["summary"]["added"] == len(ARTICLES)
        yield client


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server for tests that change nothing."""
    with server_in(tmp_path_factory.mktemp("served") / "archive") as client:
        yield client


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[TestClient]:
    """A server of one's own."""
    with server_in(tmp_path / "archive") as client:
        yield client


@pytest.fixture(scope="session")
def is_noun() -> Check:
    """Asserts that a JSON value is a noun of the contract, and holds no field that the contract does not name."""
    schemas = contract()

    def check(noun: str, value: object) -> None:
        Draft202012Validator(closed(schemas[noun])).validate(value)

    return check


def closed(schema: Any) -> Any:  # noqa: ANN401 JSON is anything
    """A schema under which every object has only the fields that are named."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: closed(part) for key, part in schema.items()}
    return (
        {"additionalProperties": False, **parts} if schema.get("type") == "object" and "properties" in schema else parts
    )
