"""Tests in a real browser run where there is one, those that need a C compiler where that is; else pytest says so."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from pullquote import Archive
from tests.cluster import Postgres
from tests.milvus import MilvusLite
from tests.shim import can_build

settings.register_profile("patient", deadline=None)  # a busy machine is no error
settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as under nohup: what tests start and stop by it has this too
    signal.signal(signal.SIGINT, signal.default_int_handler)

_NOT_RUN = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-browser", action="store_true", help="leave no test out")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needs = {"browser": (_has_chromium, "Chromium: make browser"), "compiler": (can_build, "Linux and a C compiler")}
    config.stash[_NOT_RUN] = []
    for kind, (is_there, what) in needs.items():
        marked = [item for item in items if item.get_closest_marker(kind)]
        if not marked or is_there():
            continue
        if config.getoption("--require-browser"):
            raise pytest.UsageError(f"{len(marked)} {kind} tests need {what}")
        items[:] = [item for item in items if item not in marked]
        config.hook.pytest_deselected(items=marked)
        config.stash[_NOT_RUN].append(f"{len(marked)} {kind} tests NOT RUN: they need {what}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Say it last, where it is read."""
    for line in config.stash.get(_NOT_RUN, []):
        print(line)  # noqa: T201


def _has_chromium() -> bool:
    """Whether `tests.api.browser.launch` finds one: the system's, or Playwright's own."""
    from playwright.sync_api import sync_playwright

    from tests.api.browser import SYSTEM_CHROMIUM

    if SYSTEM_CHROMIUM.is_file():
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).is_file()


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """The archive of `make demo`, with the real models. Tests may read it; one that writes copies its folder first."""
    with Archive(tmp_path_factory.mktemp("seeds") / "archive", create=True) as archive:
        summary = archive.index(Path(__file__).parent.parent / "seeds")
        assert (summary.added, summary.refused) == (296, 0)
        yield archive


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the tests' own."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def milvus() -> Iterator[MilvusLite]:
    """A Milvus Lite of the tests' own."""
    with MilvusLite() as server:
        yield server
