"""The widget in pages of another origin, in a real browser, before a real server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from api.app import create_app
from api.keyrings import FileRing
from api.keys import Keys
from api.settings import Settings
from pullquote import Archive
from tests.api.browser import serve
from tests.api.pages import ASTRAL, HOSTILE, SEED, SEED_QUESTION
from tests.api.sites import Site, site

pytestmark = pytest.mark.browser

Shown = Callable[..., Page]
LOG = """<script>
addEventListener("DOMContentLoaded", () => {
  window.log = [];
  for (const node of document.querySelectorAll("pull-quote"))
    for (const name of ["ready", "answer", "open", "error"])
      node.addEventListener(name, ({ detail }) => log.push([node.id, name, detail]));
});
</script>"""


@pytest.fixture(scope="module")
def news() -> Iterator[Site]:
    """A newspaper's site."""
    with site() as made:
        yield made


@pytest.fixture(scope="module")
def key(page_archive: Path, news: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An archive of the same articles, and a key to search it from the newspaper's pages."""
    folder = tmp_path_factory.mktemp("keyed") / "archive"
    with Archive(page_archive) as archive:
        archive.backup(folder)
    return folder, Keys(FileRing(folder)).create("the newspaper's pages", "search", [news.origin], None)[1]


@pytest.fixture(scope="module")
def server(key: tuple[Path, str]) -> Iterator[str]:
    """Where it is served."""
    with serve(create_app(Settings(archive=key[0]))) as address:
        yield address


@pytest.fixture
def shown(browser: Browser, server: str, key: tuple[Path, str], news: Site) -> Iterator[Shown]:
    """Show a page, of the newspaper, that holds some HTML; SERVER in it is the archive's address, KEY the key."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def show(html: str, policy: str | None = None, may_complain: bool = False, at: Site = news) -> Page:
        headers = {} if policy is None else {"Content-Security-Policy": policy.replace("SERVER", server)}
        address = at.put(html.replace("SERVER", server).replace("KEY", key[1]), headers)
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if not may_complain:
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


SCRIPT = '<script type="module" src="SERVER/widget.js"></script>'
STRICT = "default-src 'none'; script-src SERVER; connect-src SERVER; require-trusted-types-for 'script'"


def ask(page: Page, question: str, selector: str = "pull-quote") -> None:
    page.locator(selector).get_by_role("searchbox").fill(question)
    page.keyboard.press("Enter")


def events(page: Page) -> list[tuple[str, str, Any]]:
    return [(who, name, detail) for who, name, detail in page.evaluate("log")]


def test_a_question_is_answered_under_a_strict_policy(shown: Shown, server: str, key: tuple[Path, str]) -> None:
    page = shown(f'{SCRIPT}<pull-quote key="KEY"></pull-quote>', STRICT)
    with page.expect_request("**/v1/ask") as asked:
        ask(page, SEED_QUESTION)
    quote = page.locator("pull-quote blockquote").first.text_content()
    assert quote is not None
    assert quote in SEED.read_bytes().decode()
    assert quote.startswith("closer cooperation")
    assert page.locator("pull-quote mark").first.text_content() == quote
    assert asked.value.headers["authorization"] == f"Bearer {key[1]}"
    assert asked.value.post_data_json == {"question": SEED_QUESTION, "filters": {}, "top_k": 3}
    href = page.locator("pull-quote figcaption a").first.get_attribute("href")
    assert re.fullmatch(rf"{server}/#article=[0-9a-f]{{20}}&quote=554-690", str(href))
    assert page.locator("pull-quote blockquote").first.evaluate("node => getComputedStyle(node).fontSize") == "28px"
    page.keyboard.press("Escape")
    expect(page.locator("pull-quote blockquote")).to_have_count(0)


def test_events_say_what_happens_and_open_can_be_kept(shown: Shown) -> None:
    filters = 'filters="source=Unicode+Street+News&since=2021"'
    page = shown(f'{SCRIPT}{LOG}<pull-quote key="KEY" id="a" {filters}></pull-quote>')
    ask(page, "What will the price of a bun be at the cafe on Unicode Street?")
    link = page.locator("pull-quote a").first
    link.wait_for()
    page.evaluate("document.querySelector('pull-quote').addEventListener('open', (event) => event.preventDefault())")
    address = page.url
    link.click()
    assert page.url == address
    told = events(page)
    assert [(who, name) for who, name, _ in told] == [("a", "ready"), ("a", "answer"), ("a", "open")]
    assert told[0][2] == {"mode": "ask"}
    assert {hit["article"]["source"] for hit in told[1][2]["passages"]} == {"Unicode Street News"}
    assert told[2][2]["href"].startswith("https://news.example/cafe?a=1&b=2")
    for answer in told[1][2]["answers"]:
        start, end = answer["range"]["start"], answer["range"]["end"]
        assert ASTRAL[start:end] == answer["answer"]
        assert answer["answer"] in page.locator("pull-quote mark").all_text_contents()


def test_characters_beyond_the_basic_plane_are_marked_exactly(shown: Shown) -> None:
    page = shown(f'{SCRIPT}<pull-quote key="KEY" mode="search" top="1" filters="ids=astral"></pull-quote>')
    ask(page, "price bun crowns 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 Zoë\u0308")
    expect(page.locator("pull-quote .passage")).to_have_count(1)
    marks = page.locator("pull-quote mark.term").all_text_contents()
    assert {"price", "bun", "crowns"} <= set(marks)
    assert all(mark in ASTRAL for mark in marks)
    assert str(page.locator("pull-quote .passage").text_content()) in ASTRAL


def test_several_on_one_page_do_not_meet(shown: Shown) -> None:
    page = shown(
        f'{SCRIPT}{LOG}<pull-quote key="KEY" id="a"></pull-quote>'
        '<pull-quote key="KEY" id="b" mode="search" placeholder="Look"></pull-quote>'
    )
    ask(page, SEED_QUESTION, "#a")
    ask(page, "ferry timetable", "#b")
    page.locator("#a blockquote").first.wait_for()
    page.locator("#b .passage").first.wait_for()
    assert page.locator("#b blockquote").count() == page.locator("#a .passage").count() == 0
    assert page.locator("#b input").get_attribute("placeholder") == "Look"
    page.evaluate("document.querySelector('#b').setAttribute('mode', 'ask')")
    expect(page.locator("#b .passage")).to_have_count(0)
    expect(page.locator("#b").get_by_role("button")).to_have_text("Ask")
    assert page.locator("#b input").input_value() == "ferry timetable"
    assert page.locator("#a blockquote").count() > 0
    assert sorted((who, name) for who, name, _ in events(page)) == [
        ("a", "answer"),
        ("a", "ready"),
        ("b", "answer"),
        ("b", "ready"),
        ("b", "ready"),
    ]


def test_related_articles_are_those_like_the_page_without_itself(shown: Shown, news: Site) -> None:
    article = f"<article><h1>Buns</h1><p>{ASTRAL}</p></article>"
    canonical = '<link rel="canonical" href="https://news.example/cafe?a=1&b=2">'
    tag = '<div style="height: 4000px"></div><pull-quote key="KEY" mode="similar" top="2"></pull-quote>'
    page = shown(f"{canonical}{SCRIPT}{article}{tag}")
    page.wait_for_timeout(300)
    assert page.locator("pull-quote h2").count() == 0  # it is far away, and nothing was asked
    with page.expect_request("**/v1/similar") as asked:
        page.evaluate("scrollTo(0, 9999)")
    page.locator("pull-quote h2", has_text="Related articles").wait_for()
    sent = json.loads(asked.value.post_data or "")
    assert sent["text"].startswith("Buns")
    assert "Street reopened on Tuesday 🇵🇰🇨🇳." in sent["text"]
    titles = page.locator("pull-quote li a").all_text_contents()
    assert len(titles) == 2
    assert "Café reopens 🥐" not in titles


def test_attributes_that_change_together_make_one_request(shown: Shown) -> None:
    page = shown(f'{SCRIPT}{LOG}<main>{ASTRAL}</main><pull-quote id="a" key="KEY" mode="similar"></pull-quote>')
    page.locator("pull-quote li").first.wait_for()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate(
        """() => { const node = document.querySelector("pull-quote");
                  for (const [name, value] of [["top", "1"], ["placeholder", "?"], ["article", "long"]])
                    node.setAttribute(name, value); }"""
    )
    page.wait_for_function("() => window.log.length === 4")
    expect(page.locator("pull-quote li")).to_have_count(1)
    assert [name for _, name, _ in events(page)] == ["ready", "answer", "ready", "answer"]
    assert len(sent) == 1


HOSTILE_CSS = """<style>
  * { color: red !important; font: 900 40px/3 fantasy !important; letter-spacing: 1em !important;
      opacity: .1 !important; text-transform: uppercase !important; direction: rtl !important;
      display: inline !important; visibility: hidden !important }
  html { font-size: 3px } input, button, blockquote { display: none !important }
</style>"""


def test_a_page_with_hostile_style_cannot_spoil_it(shown: Shown) -> None:
    page = shown(f'{HOSTILE_CSS}{SCRIPT}<pull-quote key="KEY"></pull-quote>')
    page.locator("pull-quote").get_by_role("searchbox").fill(SEED_QUESTION)
    page.keyboard.press("Enter")
    page.locator("pull-quote blockquote").first.wait_for()
    script = "(node, names) => names.map((name) => getComputedStyle(node)[name])"
    names = ["color", "fontSize", "letterSpacing", "textTransform", "direction", "visibility"]
    quote = page.locator("pull-quote blockquote").first.evaluate(script, names)
    assert quote == ["rgb(22, 19, 15)", "28px", "normal", "none", "ltr", "visible"]
    assert page.locator("pull-quote").evaluate(script, ["display", "opacity"]) == ["block", "1"]


def test_a_page_sets_colours_and_is_followed_into_the_dark(shown: Shown) -> None:
    style = "<style>:root { color-scheme: dark } .own { --pq-ink: rgb(1, 2, 3); --pq-size: 20px }</style>"
    tags = '<pull-quote key="KEY" id="a" class="own"></pull-quote><pull-quote key="KEY" id="b"></pull-quote>'
    page = shown(f"{style}{SCRIPT}{tags}")
    script = "(node) => ['color', 'fontSize'].map((name) => getComputedStyle(node)[name])"
    assert page.locator("#a .root").evaluate(script) == ["rgb(1, 2, 3)", "20px"]
    assert page.locator("#b .root").evaluate(script) == ["rgb(236, 232, 225)", "16px"]


def test_it_may_come_early_late_and_twice(shown: Shown, server: str) -> None:
    early = f'<script async type="module" src="{server}/widget.js"></script>'
    page = shown(f'{early}<pull-quote><a href="/">Search</a></pull-quote><p id="end">end</p>')
    page.locator("pull-quote").get_by_role("searchbox").wait_for()
    expect(page.get_by_role("link", name="Search")).to_have_count(0)
    page = shown("<pull-quote><a href='/'>Search</a></pull-quote>")
    expect(page.get_by_role("link", name="Search")).to_be_visible()
    ready = page.evaluate(
        """async (url) => {
            await import(url);
            await import(`${url}?again`);
            const late = document.createElement("pull-quote");
            document.body.append(late);
            return new Promise((done) => late.addEventListener("ready", (event) => done(event.detail.mode)));
        }""",
        f"{server}/widget.js",
    )
    assert ready == "ask"
    expect(page.locator("pull-quote").get_by_role("searchbox")).to_have_count(2)


def test_markup_stays_text_and_only_web_addresses_become_links(shown: Shown) -> None:
    page = shown(f'{SCRIPT}<pull-quote key="KEY" mode="search" filters="ids=script"></pull-quote>')

    def poison(route: Route) -> None:
        if route.request.method == "OPTIONS":
            route.continue_()
            return
        response = route.fetch()
        found = response.json()
        for hit in found["items"]:
            hit["article"]["url"] = "javascript:window.owned=5"
        route.fulfill(response=response, json=found)

    page.route("**/v1/search", poison)
    ask(page, "<img src=x onerror='window.owned = 6'> toll of nine shillings")
    link = page.locator("pull-quote li a")
    expect(link).to_have_text(HOSTILE[0]["title"])
    expect(page.locator("pull-quote .passage")).to_contain_text("<i>No one</i> objected.")
    assert re.match(r"http://127\.0\.0\.1:\d+/#article=script&passage=", str(link.get_attribute("href")))
    assert page.evaluate("window.owned") is None
    assert page.locator("pull-quote :is(script, img, svg, i, b)").count() == 0
    page.unroute_all(behavior="wait")


def test_abstaining_failing_and_trying_again(shown: Shown) -> None:
    page = shown(f'{SCRIPT}{LOG}<pull-quote key="KEY" id="a"></pull-quote>', may_complain=True)
    ask(page, "Which goalkeeper saved three penalties in the 1986 quarter-final?")
    expect(page.locator("pull-quote .notice")).to_contain_text("does not answer this surely enough")
    assert page.locator("pull-quote .passage").count() > 0
    page.context.set_offline(True)
    page.route("**/v1/ask", lambda route: route.abort())
    ask(page, SEED_QUESTION)
    expect(page.locator("pull-quote [role=alert]")).to_contain_text("No connection to the archive")
    assert events(page)[-1][1:] == (
        "error",
        {
            "title": "No connection to the archive",
            "detail": "It did not reply, or it does not let this site's pages ask.",
            "status": 0,
            "type": None,
        },
    )
    page.context.set_offline(False)
    page.unroute("**/v1/ask")
    page.get_by_role("button", name="Try again").click()
    page.locator("pull-quote blockquote").first.wait_for()
    page.evaluate("document.querySelector('pull-quote').setAttribute('endpoint', 'javascript:1')")
    ask(page, SEED_QUESTION)
    expect(page.locator("pull-quote [role=alert]")).to_contain_text("is not an http or https address")


def test_a_page_of_another_origin_is_not_answered(shown: Shown) -> None:
    tag = f'{SCRIPT}{LOG}<pull-quote id="a" key="KEY"></pull-quote>'
    with site() as other:
        page = shown(tag, may_complain=True, at=other)
        ask(page, SEED_QUESTION)
        expect(page.locator("pull-quote [role=alert]")).to_contain_text("does not let this site's pages ask")
        assert [(name, detail.get("status")) for _, name, detail in events(page)] == [("ready", None), ("error", 0)]


def test_a_wrong_key_is_told(shown: Shown) -> None:
    page = shown(f'{SCRIPT}{LOG}<pull-quote id="a" key="KEYS"></pull-quote>', may_complain=True)
    ask(page, SEED_QUESTION)
    page.locator("pull-quote [role=alert]").wait_for()
    told = events(page)[-1]
    assert (told[1], told[2]["status"], told[2]["type"]) == ("error", 401, "urn:pullquote:key-wrong")
    expect(page.locator("pull-quote blockquote")).to_have_count(0)


def test_related_articles_fail_in_silence(shown: Shown) -> None:
    tag = '<pull-quote id="a" mode="similar"></pull-quote>'
    page = shown(f"{SCRIPT}{LOG}<main>{ASTRAL}</main>{tag}", may_complain=True)
    page.wait_for_function("() => window.log.length === 2")
    assert [(name, detail.get("status")) for _, name, detail in events(page)] == [("ready", None), ("error", 401)]
    assert page.locator("pull-quote .reply").inner_text() == ""


def test_the_page_of_a_server_with_keys_wants_one(browser: Browser, server: str, key: tuple[Path, str]) -> None:
    token = Keys(FileRing(key[0])).create("a reader", "search", [], None)[1]
    page = browser.new_page()
    page.goto(server)
    page.get_by_label("Key").fill("pq_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("key", ignore_case=True)
    page.get_by_label("Key").fill(token)
    page.keyboard.press("Enter")
    expect(page.locator("#edition")).to_have_text(re.compile("^4 articles"))
    page.locator(".found").first.wait_for()
    page.get_by_label("Ask the archive").fill(SEED_QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".pull .badge")).to_have_text("Verified")
    page.close()


def test_the_demo_page_shows_three(opened: Callable[..., Any]) -> None:
    page = opened("static/demo.html").page
    expect(page.locator("pull-quote")).to_have_count(3)
    page.locator("pull-quote h2", has_text="Related articles").wait_for()
    ask(page, SEED_QUESTION, "pull-quote:first-of-type")
    page.locator("pull-quote blockquote").first.wait_for()
