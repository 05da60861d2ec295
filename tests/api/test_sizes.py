from __future__ import annotations

import re

import pytest

from api.routes.page import CLIENT
from tests.api.pages import Opened
from tests.api.sizes import PAGE_LIMIT, WIDGET_LIMIT, loaded, page, widget


def test_the_widget_is_small_and_whole() -> None:
    assert 1_000 < widget().gzipped <= WIDGET_LIMIT


def test_the_page_is_small() -> None:
    assert 10_000 < sum(size.gzipped for size in page()) <= PAGE_LIMIT


def test_no_file_waits_for_another() -> None:
    html = (CLIENT / "index.html").read_text("utf-8")
    named = set(re.findall(r'modulepreload" href="/static/([^"]+)"', html))
    assert named == {name for name in loaded("app.js") if name != "app.js"}


@pytest.mark.browser
def test_what_is_counted_is_what_a_visit_loads(opened: Opened) -> None:
    watched = opened()
    watched.page.locator(".found").first.wait_for()
    loaded = {re.sub(r".*/static/", "", request.url) for request in watched.asked if "/v1/" not in request.url}
    counted = {size.name for size in page()}
    assert loaded - {f"{watched.base}/", "favicon.svg"} == counted - {"index.html", "favicon.svg"}
