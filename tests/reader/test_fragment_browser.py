"""Links to a quotation, followed in a real Chromium: it scrolls to the paragraph that was quoted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, sync_playwright

from reader.fragment import link_to
from tests.api.browser import launch

pytestmark = pytest.mark.browser

PARAGRAPHS = [
    "Xi met Khan in Beijing.",
    "XI pledged  closer\u00a0cooperation with China's neighbours, at 50% & more - he said.",
    "Peace talks, Khan left.",
    "Then Xi left the hall: (EU) “yes, we can” he said.",
    "Peace now, Khan left.",
    "The article of an art lover; party.",
    "l'été à Köln 👍 déjà vu",
    "Long words " + " ".join(f"word{n}" for n in range(80)) + " end.",
]
TEXT = "\n\n".join(PARAGRAPHS)
FAR_APART = "<div style='height: 3000px'></div>"


class Article(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        paragraphs = (f"{FAR_APART}<p>{escape(paragraph)}</p>" for paragraph in PARAGRAPHS)
        self.wfile.write(("<!doctype html>" + "".join(paragraphs) + FAR_APART).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Article) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.mark.parametrize(
    ("quote", "paragraph"),
    [
        ("Xi", 0),
        ("Xi", 3),
        ("XI", 1),
        ("closer\u00a0cooperation", 1),
        ("China", 1),
        ("50% & more - he", 1),
        ("Khan left", 2),
        ("Khan left", 4),
        ("(EU) “yes, we can”", 3),
        ("art", 5),
        ("été", 6),
        ("Köln 👍", 6),
        (PARAGRAPHS[7], 7),
        ("talks, Khan left.\n\nThen Xi", 2),
    ],
)
def test_the_link_opens_the_page_at_the_quotation(browser: Browser, url: str, quote: str, paragraph: int) -> None:
    start = TEXT.index(quote, TEXT.index(PARAGRAPHS[paragraph]))
    link = link_to(url, TEXT, start, start + len(quote))
    assert link is not None
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    page = context.new_page()
    page.goto(link)
    page.wait_for_function("scrollY > 0", timeout=30_000)
    shown = page.evaluate(
        "[...document.querySelectorAll('p')].map((p) => p.getBoundingClientRect())"
        ".flatMap(({ top, bottom }, n) => (bottom > 0 && top < innerHeight ? [n] : []))"
    )
    context.close()
    assert shown == [paragraph]
