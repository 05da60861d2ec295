"""axe-core finds nothing wrong in any state of the page, nor in the widget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.api.pages import SEED_QUESTION, Opened, Scheme

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "axe" / "axe.min.js"
ANSWERED = "#ask=What+did+Xi+pledge%3F"
OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"skip-link": {"enabled": False}},  # the page's fragments are no anchors: they say what it shows
}
RUN = """async (options) => {
    const { violations, passes } = await axe.run(document, options);
    const line = ({ impact, id }, { target, failureSummary }) => `${impact} ${id} ${target} ${failureSummary}`;
    const lines = (violation) => violation.nodes.map((node) => line(violation, node));
    return { n: passes.length, found: violations.flatMap(lines) };
}"""


def see(selector: str) -> Callable[[Page], None]:
    return lambda page: page.locator(selector).first.wait_for()


def open_article(page: Page) -> None:
    page.get_by_role("link", name="Open article").first.click()
    page.locator("dialog .passages").wait_for()
    page.wait_for_function("() => document.getAnimations().every((one) => one.playState === 'finished')")


def ask_many(page: Page) -> None:
    page.get_by_label("Ask many questions").fill(f"{SEED_QUESTION}\nWho saved three penalties?")
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".many .count")).to_contain_text("2 of 2")


def set_filters(page: Page) -> None:
    page.get_by_text("Dates and sources").click()
    page.locator(".passage").first.wait_for()


def want_key(page: Page) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=401, json={"title": "A key is needed", "detail": "send one", "request_id": "1"})

    page.route("**/v1/ask", refuse)
    page.get_by_label("Ask the archive").fill("Why?")
    page.keyboard.press("Enter")
    page.get_by_label("Key").wait_for()


def use_widget(page: Page) -> None:
    for index, text in enumerate([SEED_QUESTION, "ferry timetable"]):
        page.locator("pull-quote").nth(index).get_by_role("searchbox").fill(text)
        page.keyboard.press("Enter")
    page.locator("pull-quote blockquote").first.wait_for()


STATES: dict[str, tuple[str, Callable[[Page], None], Scheme, int]] = {
    "front": ("", see(".found"), "light", 1280),
    "answered": (ANSWERED, see(".badge[data-state=verified]"), "light", 1280),
    "answered, dark": (ANSWERED, see(".badge[data-state=verified]"), "dark", 1280),
    "article": (ANSWERED, open_article, "light", 390),
    "article, dark": (ANSWERED, open_article, "dark", 1280),
    "filters": ("#search=Vellanor&since=2021", set_filters, "light", 1280),
    "many": ("#many=", ask_many, "light", 1280),
    "many, dark, narrow": ("#many=", ask_many, "dark", 390),
    "key": ("", want_key, "light", 1280),
    "widget": ("static/demo.html", use_widget, "light", 1280),
    "widget, dark": ("static/demo.html", use_widget, "dark", 1280),
}


@pytest.mark.parametrize("name", STATES)
def test_axe_finds_nothing(opened: Opened, name: str) -> None:
    place, act, scheme, width = STATES[name]
    watched = opened(place, scheme=scheme, width=width)
    watched.may_fail_to_load = True
    act(watched.page)
    watched.page.evaluate(AXE.read_text("utf-8"))
    result: dict[str, Any] = watched.page.evaluate(RUN, OPTIONS)
    assert result["found"] == []
    assert result["n"] > 10


def test_axe_is_awake(opened: Opened) -> None:
    page = opened().page
    page.locator(".found").first.wait_for()
    page.evaluate("document.querySelector('label[for=question]').remove()")
    page.evaluate(AXE.read_text("utf-8"))
    assert [found.split()[1] for found in page.evaluate(RUN, OPTIONS)["found"]] == ["label-title-only"]
