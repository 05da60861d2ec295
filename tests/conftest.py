"""Tests in a real browser run where there is one; where there is none, pytest ends by saying so."""

from __future__ import annotations

from pathlib import Path

import pytest

_NOT_RUN = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-browser", action="store_true", help="fail, not leave out, where there is no Chromium")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    browser = [item for item in items if item.get_closest_marker("browser")]
    if not browser or _has_chromium():
        return
    if config.getoption("--require-browser"):
        raise pytest.UsageError(f"{len(browser)} browser tests need Chromium: make browser")
    items[:] = [item for item in items if item not in browser]
    config.hook.pytest_deselected(items=browser)
    config.stash[_NOT_RUN] = len(browser)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Say it last, where it is read."""
    if left_out := config.stash.get(_NOT_RUN, 0):
        print(f"{left_out} browser tests NOT RUN: make browser")  # noqa: T201


def _has_chromium() -> bool:
    """Whether `tests.api.browser.launch` finds one: the system's, or Playwright's own."""
    from playwright.sync_api import sync_playwright

    from tests.api.browser import SYSTEM_CHROMIUM

    if SYSTEM_CHROMIUM.is_file():
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).is_file()
