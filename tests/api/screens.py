"""Pictures of the page in each of its states: `python -m tests.api.screens FOLDER [--archive DIR] [--only WORD]`.

With `--readme` it writes docs/screenshot.png too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from playwright.sync_api import Page, Playwright, Route, sync_playwright

from api.app import create_app
from api.settings import Settings
from pullquote import Archive
from tests.api.browser import launch, serve

README = Path(__file__).parents[2] / "docs" / "screenshot.png"
ASKED = {"ask": "What did Xi pledge?"}
QUESTIONS = """id,question
1,What did Xi pledge?
2,Where did Imran Khan meet Xi Jinping?
3,Who saved three penalties?
"""
VERIFIED = ".badge[data-state=verified]"
EXAMPLE = "A fire broke out in the roof of the cathedral, and firefighters worked through the night to save the towers."

Act = Callable[[Page], None]


def _nothing(_: Page) -> None:
    """Leave the page as it is."""


class State(NamedTuple):
    """A state: a fragment, what is done before the page is opened and after, and what must be seen in the end."""

    name: str
    query: dict[str, str]
    seen: str
    before: Act = _nothing
    after: Act = _nothing
    width: int = 1280
    scheme: Literal["light", "dark"] = "light"
    archive: str = "full"
    path: str = ""


def _hold(page: Page) -> None:
    page.route("**/v1/ask", lambda _: None)  # no reply, ever


def _fail(page: Page) -> None:
    _answer(page, 503, "The archive is damaged", "restore it from a backup")


def _lock(page: Page) -> None:
    _answer(page, 401, "A key is needed", "send one, as Authorization: Bearer KEY", "urn:pullquote:key-missing")


def _answer(page: Page, status: int, title: str, detail: str, kind: str = "about:blank") -> None:
    problem = {"type": kind, "title": title, "detail": detail, "status": status, "request_id": "5f0c" * 8}
    page.route("**/v1/ask", lambda route: route.fulfill(status=status, json=problem))


def _cut(page: Page) -> None:
    page.route("**/v1/ask", lambda route: route.abort())


def _wait_long(page: Page) -> None:
    page.get_by_role("status").get_by_text("Still reading").wait_for(timeout=10_000)


def _open(page: Page) -> None:
    page.get_by_role("link", name="Open article").first.click()
    page.locator("dialog .passages").wait_for()


def _filter(page: Page) -> None:
    page.locator("#filters summary").click()
    page.locator(".passage, .lead").first.wait_for()


def _ask_many(page: Page) -> None:
    page.locator("#question").fill(QUESTIONS)
    page.locator("#submit").click()
    page.get_by_text("3 of 3 questions asked").wait_for(timeout=60_000)


def _ask_some(page: Page) -> None:
    asked: list[Route] = []

    def answer_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.continue_()

    page.route("**/v1/ask", answer_first)
    page.locator("#question").fill(QUESTIONS)
    page.locator("#submit").click()
    page.get_by_text("1 of 3 questions asked").wait_for(timeout=60_000)


def _use_widget(page: Page) -> None:
    page.locator("pull-quote").first.get_by_role("searchbox").fill(ASKED["ask"])
    page.keyboard.press("Enter")
    page.locator("pull-quote").nth(1).get_by_role("searchbox").fill("earthquake")
    page.keyboard.press("Enter")
    page.locator("blockquote").first.wait_for()
    page.locator(".passage").first.wait_for()


def _print(page: Page) -> None:
    page.emulate_media(media="print")


STATES = [
    State("front", {}, ".found"),
    State("answered", ASKED, VERIFIED),
    State("answered-dark", ASKED, VERIFIED, scheme="dark"),
    State("answered-390", ASKED, VERIFIED, width=390),
    State("answered-print", ASKED, VERIFIED, after=_print),
    State(
        "filtered", {"ask": "Who won the election?", "since": "2019-03", "until": "2019"}, "#chips li", after=_filter
    ),
    State("abstained", {"ask": "Which goalkeeper saved three penalties in the 1986 quarter-final?"}, ".lead"),
    State("no-match", {"ask": "Who won?", "since": "1890", "until": "1891"}, ".lead"),
    State("empty", {}, ".lead", archive="empty"),
    State("slow", ASKED, "#status:not(:empty)", before=_hold, after=_wait_long),
    State("error", ASKED, "[role=alert]", before=_fail),
    State("key", ASKED, "[role=alert]", before=_lock),
    State("offline", ASKED, "[role=alert]", before=_cut),
    State("article", ASKED, VERIFIED, after=_open),
    State("article-dark", ASKED, VERIFIED, after=_open, scheme="dark"),
    State("article-390", ASKED, VERIFIED, after=_open, width=390),
    State("article-gone", {"article": "nowhere"}, "dialog [role=alert]"),
    State("search", {"search": "election results"}, ".passage"),
    State("search-390", {"search": "election results"}, ".passage", width=390),
    State("like", {"like": EXAMPLE}, ".passage"),
    State("many-empty", {"many": ""}, "#file"),
    State("many-running", {"many": ""}, "#file", after=_ask_some),
    State("many", {"many": ""}, "#file", after=_ask_many),
    State("many-390", {"many": ""}, "#file", after=_ask_many, width=390),
    State("widget", {}, "pull-quote h2", after=_use_widget, path="static/demo.html"),
    State("widget-390", {}, "pull-quote h2", after=_use_widget, path="static/demo.html", width=390),
    State("widget-dark", {}, "pull-quote h2", after=_use_widget, path="static/demo.html", scheme="dark"),
    State("many-dark", {"many": ""}, "#file", after=_ask_many, scheme="dark"),
]


def take(playwright: Playwright, state: State, address: str, folder: Path) -> Path:
    """Bring the page into a state, and write its picture."""
    browser = launch(playwright)
    page = browser.new_page(viewport={"width": state.width, "height": 900}, color_scheme=state.scheme)
    state.before(page)
    page.goto(f"{address}/{state.path}#{urlencode(state.query)}")
    page.locator(state.seen).first.wait_for(timeout=60_000)
    state.after(page)
    page.wait_for_timeout(300)
    path = folder / f"{state.name}.png"
    page.screenshot(path=path, full_page=not page.locator("dialog[open]").count())
    browser.close()
    return path


def take_readme(playwright: Playwright, address: str) -> Path:
    """Write the picture that the README shows."""
    browser = launch(playwright)
    page = browser.new_page(viewport={"width": 1280, "height": 820}, device_scale_factor=1.5)
    page.goto(f"{address}/#{urlencode(ASKED)}")
    page.locator(VERIFIED).first.wait_for(timeout=60_000)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=README)
    browser.close()
    return README


@contextmanager
def _served(archives: dict[str, Path], wanted: set[str]) -> Iterator[dict[str, str]]:
    addresses: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        Archive(Path(folder) / "empty", create=True).close()
        places = {**archives, "empty": Path(folder) / "empty"}
        servers = [(name, serve(create_app(Settings(archive=places[name])))) for name in sorted(wanted)]
        for name, server in servers:
            addresses[name] = server.__enter__()
        try:
            yield addresses
        finally:
            for _, server in servers:
                server.__exit__(None, None, None)


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--archive", type=Path, default=Path("demo-archive"))
    parser.add_argument("--only", default="", help="only states whose name holds this word")
    parser.add_argument("--readme", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    states = [state for state in STATES if given.only in state.name]
    with (
        _served({"full": given.archive}, {state.archive for state in states}) as addresses,
        sync_playwright() as playwright,
    ):
        for state in states:
            print(take(playwright, state, addresses[state.archive], given.folder))  # noqa: T201
        if given.readme:
            print(take_readme(playwright, addresses["full"]))  # noqa: T201


if __name__ == "__main__":
    main()
