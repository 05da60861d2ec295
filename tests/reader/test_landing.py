"""A few of the links that `make landing` follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.api.browser import launch
from tests.reader.landing import KINDS, landings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


def test_links_light_up_the_words_that_are_quoted_and_no_others(browser: Browser) -> None:
    found = list(landings(browser, dict.fromkeys(KINDS, 2), n_stories=6))
    assert Counter(landing.quote.kind for landing in found) == dict.fromkeys(KINDS, 2)
    assert [landing.link for landing in found if not landing.landed] == []
