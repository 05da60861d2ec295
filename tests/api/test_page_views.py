"""The page's other ways into an archive: filters, search, examples, many questions, and what can be taken away."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Request, Route, expect

from api.commands.citations import citations_in
from indexer.types import Verdict
from pullquote import Archive
from tests.api.pages import ASTRAL, SEED, SEED_QUESTION, Opened, ask

pytestmark = pytest.mark.browser

ANSWERED = "#ask=What+did+Xi+pledge%3F"
UNANSWERABLE = "Which goalkeeper saved three penalties in the 1986 quarter-final?"


def asked_of(page: Page, route: str) -> list[dict[str, Any]]:
    """The bodies of all requests to a route from now on."""
    bodies: list[dict[str, Any]] = []

    def note(sent: Request) -> None:
        if sent.url.endswith(route):
            bodies.append(json.loads(sent.post_data or ""))

    page.on("request", note)
    return bodies


def saved(page: Page, button: str, nth: int = 0) -> tuple[str, str]:
    """Name and text of the file that a button saves. button: a pattern of its whole name."""
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(f"^{button}$")).nth(nth).click()
    return download.value.suggested_filename, Path(download.value.path()).read_text("utf-8")


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_filters_are_in_the_url_and_in_the_request_and_can_be_taken_away(opened: Opened) -> None:
    page = opened(ANSWERED + "&since=2022").page
    bodies = asked_of(page, "/v1/ask")
    page.locator(".pull .answer").wait_for()
    page.get_by_text("Dates and sources").click()
    page.get_by_label("Source").fill("Vellanor Gazette")
    page.keyboard.press("Tab")
    expect(page.locator(".notice .lead")).to_have_text("Nothing in the archive matches this.")
    assert bodies == [{"question": SEED_QUESTION, "filters": {"since": "2022", "source": ["Vellanor Gazette"]}}]
    expect(page.locator(".aside")).to_contain_text("1 article has no date")
    page.get_by_role("button", name="Remove filter: Vellanor Gazette").click()
    page.locator(".pull .answer").wait_for()
    assert page.evaluate("location.hash").endswith("&since=2022")
    page.get_by_label("From", exact=True).fill("next week")
    page.keyboard.press("Tab")
    assert page.get_by_label("From", exact=True).evaluate("field => field.validationMessage").startswith("Write a year")
    page.go_back()
    expect(page.locator(".notice .lead")).to_have_text("Nothing in the archive matches this.")
    page.go_back()
    page.locator(".pull .answer").wait_for()
    expect(page.get_by_label("From", exact=True)).to_have_value("2022")
    expect(page.locator("#sources option")).to_have_count(3)


def test_a_date_that_is_none_stops_nothing_once_it_has_gone(opened: Opened) -> None:
    page = opened("#since=2022").page
    page.get_by_text("Dates and sources").click()
    page.get_by_label("From", exact=True).fill("next week")
    page.get_by_text("Dates and sources").click()
    ask(page, SEED_QUESTION)
    expect(page.get_by_label("From", exact=True)).to_be_visible()  # what is wrong is in sight again
    assert page.locator(".pull .answer").count() == 0
    page.get_by_role("button", name="Remove filter: from 2022").click()
    ask(page, SEED_QUESTION)
    page.locator(".pull .answer").wait_for()


def test_the_front_shows_what_passes_the_filters(opened: Opened) -> None:
    page = opened().page
    page.get_by_text("Dates and sources").click()
    page.get_by_label("Source").fill("Unicode Street News")
    page.keyboard.press("Tab")
    expect(page.locator(".found h3")).to_have_text(["Café reopens 🥐"])
    page.reload()
    expect(page.locator(".found h3")).to_have_text(["Café reopens 🥐"])


def test_search_marks_words_narrows_by_year_and_goes_on(opened: Opened) -> None:
    page = opened().page
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Search the archive").fill("Vellanor committee ferries")
    page.keyboard.press("Enter")
    page.locator(".passage").first.wait_for()
    assert page.url.endswith("#search=Vellanor+committee+ferries")
    marked = {text.lower() for text in page.locator(".passage mark.term").all_text_contents()}
    assert marked == {"vellanor", "committee", "ferries", "ferry"}
    first = page.locator(".passage").count()
    page.get_by_role("link", name=re.compile("^2021 ")).click()
    expect(page.locator("#chips li")).to_have_count(2)
    page.locator(".passage").first.wait_for()
    assert page.evaluate("location.hash") == "#search=Vellanor+committee+ferries&since=2021&until=2021"
    years = page.locator(".found time").evaluate_all("nodes => nodes.map((node) => node.dateTime.slice(0, 4))")
    assert set(years) == {"2021"}
    page.go_back()
    expect(page.locator(".passage")).to_have_count(first)
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.get_by_label("Ask the archive")).to_have_value("Vellanor committee ferries")


def test_more_passages_follow_the_first_ones(opened: Opened) -> None:
    page = opened().page

    def one_at_a_time(route: Route) -> None:
        route.continue_(post_data=json.dumps({**json.loads(route.request.post_data or ""), "top_k": 1}))

    page.route("**/v1/search", one_at_a_time)
    page.goto(page.url + "#search=ferry+timetable")
    more = page.get_by_role("button", name="More passages")
    more.click()
    expect(page.locator(".passage")).to_have_count(2)
    expect(page.locator(".passage:focus")).to_have_count(1)
    page.unroute_all(behavior="wait")


def test_a_pasted_text_finds_articles_like_it(opened: Opened) -> None:
    page = opened().page
    page.get_by_role("link", name="By example").click()
    box = page.get_by_label("Find articles like this")
    box.fill("The harbour will have new ferries.\n\nA timetable was shown in spring.")
    bodies = asked_of(page, "/v1/similar")
    box.press("Control+Enter")
    expect(page.locator(".found h3").first).to_have_text("A" * 300)
    assert [body["text"] for body in bodies] == [
        "The harbour will have new ferries.\n\nA timetable was shown in spring."
    ]
    page.reload()
    expect(page.locator(".found h3").first).to_have_text("A" * 300)


def test_an_article_shows_the_proof_of_what_is_marked_and_copies_it(opened: Opened, page_archive: Path) -> None:
    words = "Zoë\u0308 𐍈𐌰\u2028Ekström"
    start = ASTRAL.index(words)
    page = opened(f"#article=astral&quote={start}-{start + len(words)}").page
    expect(page.locator("dialog .proof .badge")).to_have_text("Verified")
    page.get_by_role("button", name="Copy citation as JSON").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    citations = citations_in("clipboard", copied)
    assert [selector for selector in citations[0].selectors if hasattr(selector, "exact") and selector.exact == words]
    with Archive(page_archive) as archive:
        verdicts = archive.verify(citations)
    assert [(verdict.status, verdict.range) for verdict in verdicts] == [("valid", citations[0].range)]
    assert isinstance(verdicts[0], Verdict)


def test_a_citation_is_copied_as_markdown(opened: Opened) -> None:
    page = opened("#ask=What+toll+did+the+harbour+committee+of+Vellanor+approve%3F").page
    page.get_by_role("button", name="Copy citation as Markdown").first.click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    quote = page.locator(".pull .answer").text_content()
    assert copied.startswith(f"> {quote}\n>\n> — \\<script\\>window.owned = 1\\</script\\>\\<img src=x onerror='")
    assert "Article script, characters " in copied


def test_without_a_clipboard_the_citation_is_shown_to_be_copied(opened: Opened) -> None:
    page = opened(ANSWERED).page
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    page.get_by_role("button", name="Copy citation as Text").first.click()
    field = page.get_by_label("Select and copy the citation")
    expect(field).to_have_value(re.compile("^“closer cooperation"))
    assert (
        field.evaluate("node => [document.activeElement === node, node.selectionEnd === node.value.length]")
        == [True] * 2
    )


def test_a_text_that_no_url_can_hold_is_refused(opened: Opened) -> None:
    page = opened("#like=").page
    page.get_by_label("Find articles like this").fill("Ferries. " * 8000)
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".lead")).to_have_text("This is too long.")
    assert page.url.endswith("#like=")


def test_a_text_that_was_changed_is_not_verified(opened: Opened) -> None:
    page = opened().page

    def change(route: Route) -> None:
        response = route.fetch()
        article = response.json()
        route.fulfill(response=response, json={**article, "text": article["text"] + "!"})

    page.route("**/v1/articles/*", change)
    ask(page, SEED_QUESTION)
    expect(page.locator(".pull .badge")).to_have_text("Not verified")
    page.unroute_all(behavior="wait")


def test_lists_are_saved_as_csv_and_json(opened: Opened) -> None:
    page = opened(ANSWERED).page
    quote = page.locator(".pull .answer").text_content()
    name, text = saved(page, "Save answers? as CSV")
    assert name == "pullquote-answers.csv"
    row = rows_of(text)[0]
    assert (row["answer"], row["start"], row["sha256"]) == (quote, "554", hashlib.sha256(SEED.read_bytes()).hexdigest())
    assert json.loads(saved(page, "Save answers? as JSON")[1])[0]["answer"] == quote
    name, text = saved(page, "Save list as CSV")
    hits = json.loads(saved(page, "Save list as JSON")[1])
    assert name == "pullquote-passages.csv"
    assert [row["text"] for row in rows_of(text)] == [hit["text"] for hit in hits]
    assert [float(row["score"]) for row in rows_of(text)] == [hit["score"] for hit in hits]


def test_many_questions_are_asked_shown_and_saved(opened: Opened, tmp_path: Path) -> None:
    page = opened("#many=").page
    sheet = tmp_path / "questions.csv"
    lines = ["Nr;ID;Question", f"1;a;{SEED_QUESTION}", f'2;b;"{UNANSWERABLE}"', '3;=c;"What\nnow; =1+1?"', "4;;", ""]
    sheet.write_bytes("\r\n".join(lines).encode("utf-16"))
    page.get_by_label("Or choose a CSV file").set_input_files(sheet)
    expect(page.get_by_label("Ask many questions")).to_have_value(re.compile("penalties"))
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".many .count")).to_have_text(re.compile("^3 of 3 questions asked · [12] answered$"))
    name, text = saved(page, "Save list as CSV")
    rows = rows_of(text)
    assert name == "pullquote-many-answers.csv"
    assert [row["id"] for row in rows] == ["a", "b", "'=c"]
    assert [row["question"] for row in rows] == [SEED_QUESTION, UNANSWERABLE, "What now; =1+1?"]
    assert [row["outcome"] for row in rows][:2] == ["answered", "low_confidence"]
    assert (rows[0]["answer"][:18], rows[0]["start"], rows[1]["answer"]) == ("closer cooperation", "554", "")
    items = json.loads(saved(page, "Save list as JSON")[1])
    assert items[0]["reply"]["answers"][0]["answer"] == rows[0]["answer"]
    page.locator("tbody a").first.click()
    expect(page.locator("dialog mark.quote")).to_have_text(rows[0]["answer"])
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("link", name="Many questions").click()
    expect(page.locator(".many tbody tr")).to_have_count(3)


def test_what_fails_of_many_questions_is_told_and_asked_again(opened: Opened) -> None:
    watched = opened("#many=")
    page = watched.page
    watched.may_fail_to_load = True
    page.route("**/v1/ask", lambda route: route.abort())
    page.get_by_label("Ask many questions").fill(f"{SEED_QUESTION}\n\n{SEED_QUESTION}")
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".many .count")).to_have_text("2 of 2 questions asked · 0 answered · 2 failed")
    expect(page.locator(".bad").first).to_have_text("No connection to the archive")
    page.unroute_all(behavior="wait")
    page.get_by_role("button", name="Ask the failed ones again").click()
    expect(page.locator(".many .count")).to_have_text("2 of 2 questions asked · 2 answered")
    page.get_by_label("Ask many questions").fill(" \n ,")
    page.get_by_label("Ask many questions").fill("question,id\n,1\n")
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".lead")).to_have_text("There is no question in it.")


def test_many_questions_can_be_stopped(opened: Opened) -> None:
    page = opened("#many=").page
    page.route("**/v1/ask", lambda route: None)
    page.get_by_label("Ask many questions").fill("Who?\nWhat?\nWhere?")
    page.get_by_role("button", name="Ask all").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    expect(page.locator(".many .count")).to_have_text("0 of 3 questions asked · 0 answered")
    expect(page.locator("tr.waiting")).to_have_count(3)
    page.unroute_all(behavior="ignoreErrors")


def test_a_server_that_wants_a_key_gets_the_one_that_is_typed(opened: Opened) -> None:
    watched = opened()
    page = watched.page
    sent: list[str | None] = []

    def want_key(route: Route) -> None:
        headers = dict(route.request.headers)
        sent.append(headers.pop("authorization", None))
        problem = {"title": "A key is needed", "detail": "send one", "status": 401, "request_id": "1"}
        route.continue_(headers=headers) if sent[-1] else route.fulfill(status=401, json=problem)

    page.route("**/v1/ask", want_key)
    ask(page, SEED_QUESTION)
    page.get_by_label("Key").fill("pq_1234")
    page.keyboard.press("Enter")
    page.locator(".pull .answer").wait_for()
    assert sent == [None, "Bearer pq_1234"]
    assert page.evaluate("localStorage.length") == 0
    watched.expect_failed_load()


def test_a_server_that_counts_questions_is_asked_again(opened: Opened) -> None:
    watched = opened("#many=")
    page = watched.page
    refusals = iter(["1", "1"])

    def count(route: Route) -> None:
        wait = next(refusals, None)
        problem = {"title": "Too many requests", "detail": "wait", "status": 429, "request_id": "1"}
        route.fulfill(status=429, headers={"Retry-After": wait}, json=problem) if wait else route.continue_()

    page.route("**/v1/ask", count)
    page.get_by_label("Ask many questions").fill(f"{SEED_QUESTION}\n{SEED_QUESTION}")
    page.get_by_role("button", name="Ask all").click()
    expect(page.locator(".many .count")).to_have_text("2 of 2 questions asked · 2 answered")
    assert next(refusals, None) is None
    watched.expect_failed_load()


def test_a_slow_answer_is_told_and_others_can_be_asked_for(opened: Opened) -> None:
    page = opened().page
    page.clock.install()
    page.route("**/v1/ask", lambda route: None)
    ask(page, SEED_QUESTION)
    expect(page.get_by_role("status")).to_have_text("Reading the archive…")
    page.clock.run_for(4500)
    expect(page.get_by_role("status")).to_have_text(re.compile("^Still reading"))
    page.unroute_all(behavior="ignoreErrors")
    ask(page, SEED_QUESTION)
    page.locator(".pull .answer").wait_for()


def test_paper_has_no_buttons(opened: Opened) -> None:
    page = opened(ANSWERED).page
    page.locator(".pull .answer").wait_for()
    page.emulate_media(media="print")
    for gone in ("#modes", "#filters", "#submit", ".actions", ".save"):
        expect(page.locator(gone).first).not_to_be_visible()
    for kept in (".pull .answer", ".pull .facts", ".pull .context mark", ".passage"):
        expect(page.locator(kept).first).to_be_visible()
    page.get_by_role("link", name=re.compile("Xi Jinping")).first.evaluate("link => link.click()")
    page.locator("dialog mark").wait_for()
    expect(page.locator("#reply")).not_to_be_visible()
    expect(page.locator("dialog .bar")).not_to_be_visible()


HOSTILE_WORDS = "<img src=x onerror='window.owned = 7'>\"><script>window.owned = 8</script>"


@pytest.mark.parametrize("mode", ["ask", "search", "like"])
def test_markup_in_a_link_stays_text(opened: Opened, mode: str) -> None:
    fragment = urlencode({mode: HOSTILE_WORDS, "source": HOSTILE_WORDS, "article": "<b>none", "quote": "0-1"})
    watched = opened(f"#{fragment}")
    page = watched.page
    expect(page.locator("dialog [role=alert]")).to_contain_text("<b>none")
    expect(page.locator(".chip")).to_have_text(HOSTILE_WORDS)
    watched.expect_failed_load()
    page.keyboard.press("Escape")
    expect(page.locator("#reply .lead")).to_be_visible()
    assert HOSTILE_WORDS[:60] in page.title()
    assert page.evaluate("window.owned") is None
    assert page.locator("body :is(script, img)").count() == 0


CSV_CASES = [
    ("=1+1", "'=1+1"),
    ("+44", "'+44"),
    ("-5 degrees", "'-5 degrees"),
    ("@SUM(A1)", "'@SUM(A1)"),
    (" \t=cmd|' /C calc'!A0", "' \t=cmd|' /C calc'!A0"),
    ("\tx", "'\tx"),
    ("\rx", '"\'\rx"'),
    ("＝1", "'＝1"),
    ("a=1", "a=1"),
    (-5.5, "-5.5"),
    (None, ""),
    ('say "hi", he said\n', '"say ""hi"", he said\n"'),
]


def test_no_cell_is_a_formula_and_csv_is_read_as_it_is_written(opened: Opened) -> None:
    page = opened().page
    script = "async (value) => (await import('/static/csv.js')).toCsv(['x'], [{ x: value }])"
    assert [(value, page.evaluate(script, value)) for value, _ in CSV_CASES] == [
        (value, f"x\r\n{cell}\r\n") for value, cell in CSV_CASES
    ]
    read = "async (text) => (await import('/static/questions.js')).questionsIn(text).map((q) => [q.id, q.question])"
    cases = {
        "Who met Xi, and where?\r\n\r\nWhy?": [["1", "Who met Xi, and where?"], ["2", "Why?"]],
        "question\nWho met Xi, and where?": [["1", "Who met Xi, and where?"]],
        '\ufeffid,Question\n7,"He said ""no"", why?"\n8,5" of rain where?': [
            ["7", 'He said "no", why?'],
            ["8", '5" of rain where?'],
        ],
        "question\tid\nA\t1\nB\t": [["1", "A"], ["2", "B"]],
        "": [],
    }
    assert {text: page.evaluate(read, text) for text in cases} == cases
