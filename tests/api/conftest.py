"""Servers over real archives of a few articles, with the real models; and a browser in front of one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from starlette.testclient import TestClient

from api.app import create_app
from api.contract import contract
from api.settings import Settings
from pullquote import Archive
from tests.api.browser import Watched, launch, serve
from tests.api.pages import HOSTILE, SEED, Opened, Scheme

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


@pytest.fixture(scope="session")
def page_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the browser tests: the seed article, and some that are hard to show."""
    folder = tmp_path_factory.mktemp("page")
    records = folder / "hostile.jsonl"
    records.write_text("".join(json.dumps(record) + "\n" for record in HOSTILE), "utf-8")
    with Archive(folder / "archive", create=True) as made:
        assert made.index(SEED, records).added == 1 + len(HOSTILE)
    return folder / "archive"


@pytest.fixture(scope="session")
def base(page_archive: Path) -> Iterator[str]:
    """Where that archive is served."""
    with serve(create_app(Settings(archive=page_archive))) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    expect.set_options(timeout=30_000)  # a busy machine may take seconds to read
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Browser, base: str) -> Iterator[Opened]:
    """Open the page at a fragment; at the end nothing may have complained."""
    watched: list[Watched] = []
    contexts: list[BrowserContext] = []

    def visit(
        fragment: str = "", *, address: str = base, width: int = 1280, height: int = 900, scheme: Scheme = "light"
    ) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        contexts.append(context)
        watched.append(Watched(contexts[-1].new_page(), address))
        watched[-1].page.goto(f"{address}/{fragment}")
        return watched[-1]

    yield visit
    for context in contexts:
        context.close()
    assert [complaint for one in watched for complaint in one.complaints] == []


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
