"""The page at / in a real browser, before a real server over a real archive."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from api.app import create_app
from api.settings import Settings
from pullquote import Archive
from tests.api.browser import serve
from tests.api.pages import ASTRAL, HOSTILE, SEED, SEED_QUESTION, Opened, Scheme, ask

pytestmark = pytest.mark.browser


def article(page: Page, article_id: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("id => fetch(`/v1/articles/${id}`).then((r) => r.json())", article_id)
    return found


def stated(page: Page, key: str) -> str:
    """A value of the page's fragment."""
    script = "key => new URLSearchParams(location.hash.slice(1)).get(key)"
    return str(page.evaluate(script, key))


def is_in_view(page: Page, selector: str) -> bool:
    return bool(
        page.locator(selector).evaluate(
            """(node) => { const box = node.getBoundingClientRect();
                           const line = node.getClientRects()[0];  // a quotation may run over several
                           const shown = document.elementFromPoint(line.left + 2, line.top + line.height / 2);
                           return box.top >= 0 && box.bottom <= innerHeight && node.contains(shown); }"""
        )
    )


def test_the_seed_question_is_answered_with_a_marked_and_verified_quotation(opened: Opened) -> None:
    page = opened().page
    ask(page, SEED_QUESTION)
    quote = page.locator(".pull .answer").text_content()
    assert quote is not None
    assert quote.startswith("closer cooperation")
    assert page.locator(".pull .context mark.quote").text_content() == quote
    assert "pledged closer cooperation under" in page.locator(".pull .context").inner_text()
    expect(page.locator(".pull .badge")).to_have_text("Verified")
    text = SEED.read_bytes().decode()
    assert f"characters 554–{554 + len(quote)}" in page.locator(".pull .facts").inner_text()
    assert text[554 : 554 + len(quote)] == quote
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    expect(page.locator(".pull .facts")).to_contain_text(sha256[:10])
    caption = page.locator(".pull figcaption")
    expect(caption).to_contain_text("Pakistani Prime Minister Imran Khan meets Chinese President Xi Jinping")
    expect(caption.locator("time")).to_have_text("6 February 2022, 11:56 UTC")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"quotations? found"))


def test_a_click_opens_the_article_at_the_marked_words(opened: Opened) -> None:
    page = opened(height=420).page
    ask(page, SEED_QUESTION)
    quote = page.locator(".pull .answer").text_content()
    page.get_by_role("link", name="Open article").first.click()
    mark = page.locator("dialog mark.quote")
    assert mark.text_content() == quote
    assert is_in_view(page, "dialog mark.quote")
    expect(page.locator("dialog h1")).to_contain_text("Beijing Olympics 2022")
    start, end = map(int, stated(page, "quote").split("-"))
    assert article(page, stated(page, "article"))["text"][start:end] == quote
    expect(page.get_by_role("dialog").get_by_role("heading", name="Similar articles")).to_be_attached()

    page.reload()
    assert page.locator("dialog mark.quote").text_content() == quote
    page.go_back()
    expect(page.locator("dialog")).not_to_be_visible()
    expect(page.locator(".pull .answer")).to_have_text(str(quote))


def test_page_furniture_is_put_away_and_can_be_shown(opened: Opened) -> None:
    page = opened().page
    ask(page, SEED_QUESTION)
    page.get_by_role("link", name="Open article").first.click()
    furniture = page.locator("dialog .furniture").first
    expect(furniture).to_have_text("ugc_banner")
    expect(furniture).not_to_be_visible()
    page.get_by_role("button", name=re.compile("page furniture")).click()
    expect(furniture).to_be_visible()


def test_everything_works_by_keyboard(opened: Opened) -> None:
    page = opened().page
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type(SEED_QUESTION)
    page.keyboard.press("Enter")
    page.locator(".pull .answer").wait_for()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".pull .title")).to_be_focused()
    while page.evaluate("document.activeElement.className") != "passage":
        page.keyboard.press("ArrowDown")
    passage = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    excerpt = page.locator("dialog mark.excerpt")
    excerpt.first.wait_for()
    assert re.sub(r"\s+", "", "".join(excerpt.all_text_contents())) == re.sub(r"\s+", "", passage)
    expect(excerpt.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).not_to_be_visible()
    page.wait_for_function("text => document.activeElement.textContent === text", arg=passage)  # once it has closed
    expect(page).not_to_have_url(re.compile("article"))
    while page.evaluate("document.activeElement.id") != "question":
        page.keyboard.press("ArrowUp")
    page.keyboard.type(" Slash/inside")
    expect(page.get_by_label("Ask the archive")).to_have_value(SEED_QUESTION + " Slash/inside")


@pytest.mark.parametrize(
    "fragment",
    [
        "#since=2021",
        "#ask=What+did+Xi+pledge%3F",
        "#ask=ferry+timetable+of+Vellanor",
        "#article=long",
        "#search=ferry",
        "#many=",
    ],
)
def test_nothing_is_wider_than_the_screen(opened: Opened, fragment: str) -> None:
    page = opened(fragment, width=390).page
    page.locator("dialog article, .answer, .lead, .found, #file:not([hidden])").first.wait_for()
    page.locator("#filters").evaluate("filters => (filters.open = true)")
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('dialog').scrollWidth") <= width


def luminance(page: Page, selector: str, what: str) -> float:
    """Relative luminance of a computed colour, 0 to 1 (WCAG 2.2)."""
    css = page.locator(selector).first.evaluate("(node, what) => getComputedStyle(node)[what]", what)
    channels = [int(value) / 255 for value in re.findall(r"\d+", css)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_have_contrast(opened: Opened, scheme: Scheme) -> None:
    page = opened("#ask=What+did+Xi+pledge%3F", scheme=scheme).page
    page.locator(".pull .answer").wait_for()
    paper = luminance(page, "html", "backgroundColor")
    assert (paper < 0.05) == (scheme == "dark")
    pairs = [(paper, luminance(page, selector, "color")) for selector in (".answer", ".facts", ".source", ".badge")]
    pairs.append((luminance(page, "mark.quote", "backgroundColor"), luminance(page, "mark.quote", "color")))
    for pair in pairs:
        dark, light = sorted(pair)
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_without_a_sure_answer_the_page_says_so_and_offers_passages(opened: Opened) -> None:
    page = opened().page
    ask(page, "Which goalkeeper saved three penalties in the 1986 quarter-final?")
    expect(page.locator(".notice .lead")).to_have_text("The archive does not answer this surely enough to quote.")
    expect(page.get_by_role("status")).to_have_text("No quotation found.")
    assert page.locator(".answer").count() == 0
    expect(page.get_by_role("heading", name="Read these instead")).to_be_visible()
    assert page.locator(".passage").count() > 0


def test_an_error_shows_the_problem_and_can_be_tried_again(opened: Opened) -> None:
    watched = opened()
    page = watched.page
    ask(page, "Why? " * 2_000)
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text(re.compile("question", re.IGNORECASE))
    expect(problem).to_contain_text(re.compile("Request \\S+"))
    watched.expect_failed_load()
    ask(page, SEED_QUESTION)
    page.locator(".pull .answer").wait_for()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_article_that_is_gone_is_an_error_in_its_place(opened: Opened) -> None:
    watched = opened("#article=nowhere")
    expect(watched.page.get_by_role("alert")).to_contain_text("nowhere")
    watched.expect_failed_load()
    watched.page.keyboard.press("Escape")
    expect(watched.page.locator("dialog")).not_to_be_visible()


def test_a_span_that_an_article_does_not_have_is_told(opened: Opened) -> None:
    page = opened("#article=script&quote=90000-90010").page
    expect(page.locator("dialog .notice")).to_contain_text("no such characters")
    assert page.locator("dialog mark").count() == 0


def test_offline_and_a_dead_server_are_told_apart(opened: Opened, page_archive: Path) -> None:
    with serve(create_app(Settings(archive=page_archive))) as address:
        watched = opened(address=address)
        page = watched.page
        page.locator(".found").first.wait_for()
        watched.may_fail_to_load = True  # from here on, whatever is asked and whenever Chromium says so
        page.context.set_offline(True)
        ask(page, SEED_QUESTION)
        expect(page.get_by_role("alert")).to_contain_text("This computer is offline")
        page.context.set_offline(False)
        page.get_by_role("button", name="Try again").click()
        page.locator(".pull .answer").wait_for()
    ask(page, "Where did they meet?")
    expect(page.get_by_role("alert")).to_contain_text("The server did not reply")


def test_an_empty_archive_is_told_before_and_after_a_question(opened: Opened, tmp_path: Path) -> None:
    Archive(tmp_path / "empty", create=True).close()
    with serve(create_app(Settings(archive=tmp_path / "empty"))) as address:
        page = opened(address=address).page
        expect(page.locator(".lead")).to_have_text("The archive is empty.")
        ask(page, SEED_QUESTION)
        expect(page.get_by_role("status")).to_have_text("No quotation found.")
        expect(page.locator(".lead")).to_have_text("The archive is empty.")


def test_a_server_that_starts_is_asked_again(opened: Opened) -> None:
    watched = opened()
    problem = {"type": "not-ready", "title": "The server is starting", "status": 503, "detail": "…", "request_id": "1"}
    answers = iter([problem])

    def be_late_once(route: Route) -> None:
        if next(answers, None):
            route.fulfill(status=503, headers={"Retry-After": "1"}, json=problem)
        else:
            route.continue_()

    watched.page.route("**/v1/ask", be_late_once)
    ask(watched.page, SEED_QUESTION)
    watched.page.locator(".pull .answer").wait_for()
    watched.expect_failed_load()


def test_a_newer_question_wins_over_a_slow_older_one(opened: Opened) -> None:
    page = opened().page
    waiting: list[Route] = []

    def hold_first(route: Route) -> None:
        if waiting:
            route.continue_()
        else:
            waiting.append(route)

    page.route("**/v1/ask", hold_first)
    ask(page, "Which goalkeeper saved three penalties in the 1986 quarter-final?")
    expect(page.get_by_role("status")).to_have_text("Reading the archive…")
    ask(page, SEED_QUESTION)
    page.locator(".pull .answer").wait_for()
    waiting[0].abort()  # the page has given it up already
    expect(page.locator(".pull .answer")).to_have_text(re.compile("^closer cooperation"))


def test_markup_in_an_article_stays_text(opened: Opened) -> None:
    watched = opened()
    page = watched.page
    ask(page, "What toll did the harbour committee of Vellanor approve?")
    title = HOSTILE[0]["title"]
    page.get_by_role("link", name=title).first.click()
    expect(page.locator("dialog h1")).to_have_text(title)
    expect(page.locator("dialog .text")).to_contain_text("<i>No one</i> objected.")
    expect(page.locator("dialog .author")).to_contain_text('"><svg onload')
    assert page.evaluate("window.owned") is None
    assert page.locator("main script, main img, main svg, dialog script, dialog img, dialog svg, dialog i").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("dialog").get_by_role("link", name="At the source").count() == 0


def poisoned(body: str, url: str) -> str:
    """The same JSON, with every address of an article replaced."""
    guilty = {"url": url, "link": url}
    return json.dumps(
        json.loads(body, object_hook=lambda found: {**found, **{k: guilty[k] for k in guilty.keys() & found.keys()}})
    )


@pytest.mark.parametrize(
    "url",
    [
        "javascript:window.owned=5",
        "\tJaVaScRiPt:window.owned=5",
        "data:text/html,<script>1</script>",
        "//evil.example",
        "x",
    ],
)
def test_only_web_addresses_become_links(opened: Opened, url: str) -> None:
    # The index keeps no such address: this is the page's own guard, against a server that does.
    page = opened().page

    def poison(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=poisoned(response.text(), url))

    page.route("**/v1/**", poison)
    ask(page, SEED_QUESTION)
    page.get_by_role("link", name="Open article").first.click()
    page.locator("dialog mark.quote").wait_for()
    addresses = page.locator("a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert addresses
    assert [address for address in addresses if not address.startswith("#") and address != "/"] == []
    page.unroute_all(behavior="wait")


def test_a_web_address_becomes_a_link(opened: Opened) -> None:
    page = opened("#article=astral").page
    link = page.locator("dialog").get_by_role("link", name="At the source")
    expect(link).to_have_attribute("href", "https://news.example/cafe?a=1&b=2")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


ASTRAL_SPANS = [
    "👩🏽‍🚀 The",
    "cafe\u0301",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 Street",
    "Tuesday 🇵🇰🇨🇳.",
    "Zoë\u0308 𐍈𐌰\u2028Ekström",
    "a bun 🥐 would",
    "2\u00a0𝟛 crowns",
]


def test_characters_beyond_the_basic_plane_are_marked_exactly(opened: Opened, base: str) -> None:
    page = opened().page
    for words in ASTRAL_SPANS:
        start = ASTRAL.index(words)
        page.goto(f"{base}/#article=astral&quote={start}-{start + len(words)}")
        expect(page.locator("dialog mark.quote")).to_have_text(words)  # waits, but white space is one to it
        assert page.locator("dialog mark.quote").text_content() == words
        assert is_in_view(page, "dialog mark.quote")


def test_answers_and_highlights_of_astral_text_are_cut_where_the_server_says(opened: Opened) -> None:
    page = opened().page
    with page.expect_response("**/v1/ask") as response:
        ask(page, "What will the price of a bun be at the cafe on Unicode Street?")
    reply = response.value.json()
    page.locator(".passage").first.wait_for()
    hits = [hit for hit in reply["passages"] if hit["article"]["id"] == "astral"]
    assert hits
    answers = [answer for answer in reply["answers"] if answer["article"]["id"] == "astral"]
    expected = {ASTRAL[r["start"] : r["end"]] for hit in hits for r in hit["highlights"]}
    expected |= {answer["answer"] for answer in answers}
    shown = page.locator("a.passage", has_text="bun").first
    assert expected
    assert set(shown.locator("mark").all_text_contents()) <= expected
    assert shown.locator("mark").count() > 0
    assert page.locator("a.passage").all_text_contents() == [hit["text"] for hit in in_groups(reply["passages"])]
    for answer in answers:
        assert answer["answer"] in page.locator(".context mark.quote").all_text_contents()


def in_groups(hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hits as the page orders them: an article's together, where its best one stands."""
    order = list(dict.fromkeys(hit["article"]["id"] for hit in hits))
    return sorted(hits, key=lambda hit: order.index(hit["article"]["id"]))


def test_the_citation_is_copied_as_text(opened: Opened) -> None:
    watched = opened()
    page = watched.page
    ask(page, SEED_QUESTION)
    page.get_by_role("button", name="Copy citation as Text").first.click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    quote = page.locator(".pull .answer").text_content()
    sha256 = hashlib.sha256(SEED.read_bytes()).hexdigest()
    assert copied.startswith(f"“{quote}”\nBeijing Olympics 2022: ")
    assert f"characters 554–{554 + len(str(quote))}, SHA-256 {sha256}" in copied


def test_questions_are_posted_and_the_policy_is_strict(opened: Opened, base: str) -> None:
    watched = opened()
    with watched.page.expect_request("**/v1/ask") as asked:
        ask(watched.page, SEED_QUESTION)
    watched.page.locator(".pull .answer").wait_for()
    assert asked.value.method == "POST"
    assert asked.value.headers["content-type"] == "application/json"
    assert not [request.url for request in watched.asked if "pledge" in request.url]
    response = watched.page.request.get(base)
    policy = dict(rule.strip().split(" ", 1) for rule in response.headers["content-security-policy"].split(";") if rule)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
