"""Fetching, against a server of our own: only here is its address allowed, and no other private one."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.build import build
from indexer.commit import delete
from indexer.errors import SourceUnreadable
from indexer.remembered import Memory
from indexer.sources import NO_OPTIONS, read_pages
from indexer.sources import fetch as fetching
from indexer.sources import http as client
from indexer.sources.addresses import is_public
from indexer.sources.fetch import Fetcher
from indexer.sources.formats import reader_of
from indexer.types import IndexEvent
from tests.fakes import WordEmbedder
from tests.fixtures.make_formats import FOLDER, STORIES, page

HTML = page(STORIES["page.html"]).encode()
Reply = tuple[int, dict[str, str], bytes]


class Site(ThreadingHTTPServer):
    """replies: path -> status, headers, body. asked: every request, with its headers."""

    replies: dict[str, Reply]
    asked: list[tuple[str, dict[str, str]]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        asked = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, asked))
        status, headers, body = self.server.replies.get(self.path, (404, {}, b""))
        if status == 200 and "ETag" in headers and asked.get("if-none-match") == headers["ETag"]:
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/slow":
            time.sleep(3)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), Handler) as server:
        server.replies, server.asked = {}, []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Run:
    """An archive with stand-in vectors, and what fetching into it tells."""

    def __init__(self, folder: Path) -> None:
        self.archive = Archive(folder, WordEmbedder(), create=True)
        self.slept: list[float] = []

    def index(self, *urls: str) -> list[IndexEvent]:
        events: list[IndexEvent] = []
        memory = Memory(self.archive, reader_of(NO_OPTIONS))
        fetcher = Fetcher(memory, lambda address: address == "127.0.0.1" or is_public(address), self.slept.append)
        build(read_pages(urls, NO_OPTIONS, memory=memory, fetcher=fetcher), self.archive, events.append)
        memory.save()
        return events

    def refusal(self, url: str) -> str:
        (event,) = self.index(url)
        assert event.status == "refused"
        return str(event.reason)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.archive.close()


def html(headers: dict[str, str] | None = None, body: bytes = HTML) -> Reply:
    return 200, {"Content-Type": "text/html; charset=utf-8", **(headers or {})}, body


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("198.18.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:169.254.169.254", False),
        ("::ffff:93.184.216.34", True),
        ("::169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b:1::a9fe:a9fe", False),
        ("64:ff9b:1:a9fe:a9:fe00:808:808", False),
        ("2002:a9fe:a9fe::1", False),
        ("2001:0:53aa:64c:0:fbff:5601:5601", False),
        ("2001:db8::1", False),
        ("no address", False),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_page_is_fetched_once_and_then_only_asked_after(site: Site, run: Run) -> None:
    site.replies["/a?id=1"] = html({"ETag": '"1"', "Last-Modified": "Sun, 03 Mar 2024 09:30:00 GMT"})
    (added,) = run.index(f"{site.url}/a?id=1#part")
    assert (added.status, added.origin) == ("added", f"{site.url}/a?id=1")
    (again,) = run.index(f"{site.url}/a?id=1")
    assert (again.status, again.id) == ("unchanged", added.id)
    path, headers = site.asked[-1]
    assert path == "/a?id=1"
    assert headers["if-none-match"] == '"1"'
    assert headers["if-modified-since"] == "Sun, 03 Mar 2024 09:30:00 GMT"
    assert headers["user-agent"].startswith("pullquote/")
    site.replies["/a?id=1"] = html({"ETag": '"2"'}, HTML.replace(b"cracked", b"broken"))
    assert [event.status for event in run.index(f"{site.url}/a?id=1")] == ["updated"]


def test_a_deleted_article_is_asked_for_without_conditions(site: Site, run: Run) -> None:
    site.replies["/a"] = html({"ETag": '"1"'})
    (added,) = run.index(f"{site.url}/a")
    delete(run.archive, [str(added.id)])
    assert [event.status for event in run.index(f"{site.url}/a")] == ["added"]
    assert "if-none-match" not in site.asked[-1][1]


def test_a_feed_gives_its_entries_and_then_nothing_new(site: Site, run: Run) -> None:
    site.replies["/feed"] = (200, {"Content-Type": "text/xml", "ETag": "x"}, (FOLDER / "rss.xml").read_bytes())
    (added,) = run.index(f"{site.url}/feed")
    assert added.status == "added"
    assert added.origin.startswith(f"{site.url}/feed#https://courier.example/")
    assert [(event.status, event.id) for event in run.index(f"{site.url}/feed")] == [("unchanged", added.id)]


def summaries(site: Site, *names: str, said: str = "The ferry is broken.") -> Reply:
    """A feed that sums up pages of a site."""
    entries = "".join(
        f"<item><title>{name}</title><link>{site.url}/{name}</link><description>{said}</description>"
        "<pubDate>Mon, 04 Mar 2024 10:00:00 +0100</pubDate></item>"
        for name in names
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{entries}</channel></rss>'
    return 200, {"Content-Type": "text/xml", "ETag": f'"{len(names)}{said}"'}, body.encode()


def test_where_a_feed_has_only_a_summary_its_page_is_read(site: Site, run: Run) -> None:
    site.replies = {"/feed": summaries(site, "a"), "/a": html()}
    (added,) = run.index(f"{site.url}/feed")
    assert (added.status, added.origin, added.warnings) == ("added", f"{site.url}/feed#{site.url}/a", ())
    article = run.archive.view().article_at(1)
    assert article.text.startswith("The ferry")
    assert "cracked propeller shaft" in article.text
    assert article.published_at == "2024-03-04T09:00:00Z"
    assert (article.metadata["content"], article.metadata["date_from"]) == ("page", "feed")


def test_a_linked_page_is_fetched_again_only_when_its_entry_changes(site: Site, run: Run) -> None:
    site.replies = {"/feed": summaries(site, "a"), "/a": html(), "/b": html(body=HTML.replace(b"Corran", b"Torran"))}
    site.replies["/b"] = html(body=re.sub(rb'<link rel="canonical"[^>]*>', b"", site.replies["/b"][2]))
    run.index(f"{site.url}/feed")
    site.replies["/feed"] = summaries(site, "a", "b")
    site.asked.clear()
    assert [event.status for event in run.index(f"{site.url}/feed")] == ["unchanged", "added"]
    assert "/a" not in site.paths()
    assert "/b" in site.paths()
    site.replies["/feed"] = summaries(site, "a", "b", said="The ferry is repaired.")
    site.asked.clear()
    assert [event.status for event in run.index(f"{site.url}/feed")] == ["unchanged", "unchanged"]  # the pages are
    assert site.paths().count("/a") == site.paths().count("/b") == 1
    assert all(0 < seconds <= 1 for seconds in run.slept)
    assert len(run.slept) >= 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ((404, {}, b""), "its server answers 404"),
        (html(body=b"<html><body><script>x</script></body></html>"), "no article is found in it"),
        ((200, {"Content-Type": "image/png"}, b"\x89PNG\r\n\x1a\n\0"), "what it links to is no web page"),
    ],
)
def test_the_summary_stays_where_its_page_gives_nothing(site: Site, run: Run, reply: Reply, reason: str) -> None:
    site.replies = {"/feed": summaries(site, "a"), "/a": reply}
    (event,) = run.index(f"{site.url}/feed")
    assert event.status == "added"
    assert re.search(f"only its summary is taken: {reason}", event.warnings[0])
    assert run.archive.view().article_at(1).text == "The ferry is broken."


def test_robots_keep_us_from_linked_pages_too(site: Site, run: Run) -> None:
    rules: Reply = (200, {}, b"User-agent: *\nDisallow: /a\n")
    site.replies = {"/robots.txt": rules, "/feed": summaries(site, "a"), "/a": html()}
    (event,) = run.index(f"{site.url}/feed")
    assert "robots.txt" in event.warnings[0]
    assert "/a" not in site.paths()


def test_a_feed_does_not_lead_into_a_private_network(site: Site, run: Run) -> None:
    body = summaries(site, "a")[2].replace(f"{site.url}/a".encode(), b"http://169.254.169.254/latest/")
    site.replies["/feed"] = (200, {"Content-Type": "text/xml"}, body)
    (event,) = run.index(f"{site.url}/feed")
    assert "not a public address" in event.warnings[0]


def test_what_a_feed_leads_to_has_an_end_and_goes_on_with_the_next_run(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_LINKED", 1)
    site.replies["/feed"] = summaries(site, "a", "b")
    for name in "ab":
        body = re.sub(rb'<link rel="canonical"[^>]*>', b"", HTML.replace(b"Corran", name.encode() + b"orran"))
        site.replies[f"/{name}"] = html(body=body)
    first, second = run.index(f"{site.url}/feed")
    assert (first.warnings, second.status) == ((), "added")
    assert "run it again for the rest" in second.warnings[0]
    assert [event.status for event in run.index(f"{site.url}/feed")] == ["unchanged", "updated"]
    assert [event.status for event in run.index(f"{site.url}/feed")] == ["unchanged", "unchanged"]
    assert site.asked[-1][1]["if-none-match"]


def test_what_a_server_says_of_its_content_is_believed_where_the_bytes_say_nothing(site: Site, run: Run) -> None:
    site.replies["/t"] = (200, {"Content-Type": "text/csv"}, b"title,text\nA,The mayor spoke.\n")
    site.replies["/l"] = (200, {"Content-Type": "text/plain; charset=iso-8859-1"}, "Caf\xe9 closed.".encode("latin-1"))
    site.replies["/z"] = html({"Content-Encoding": "gzip"}, gzip.compress(HTML))
    assert [event.status for path in "tlz" for event in run.index(f"{site.url}/{path}")] == ["added"] * 3
    view = run.archive.view()
    texts = [view.article_at(row).text for row in (1, 2, 3)]
    assert texts[:2] == ["The mayor spoke.", "Café closed."]
    assert texts[2].startswith("The ferry")


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2852039166/",
        "http://0x7f.1.0.1/",
        "http://localhost.localdomain:1/",
        "//169.254.169.254/x",
    ],
)
def test_a_redirection_into_a_private_network_is_not_followed(site: Site, run: Run, target: str) -> None:
    site.replies["/a"] = (302, {"Location": target}, b"")
    assert "not a public address" in run.refusal(f"{site.url}/a") or "cannot be reached" in run.refusal(f"{site.url}/a")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x.example/", "gopher://x/", "javascript:1"])
def test_only_http_is_followed(site: Site, run: Run, target: str) -> None:
    site.replies["/a"] = (302, {"Location": target}, b"")
    assert "only http and https" in run.refusal(f"{site.url}/a")


def test_what_is_connected_to_is_what_was_checked(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that means another address each time it is asked for is looked up once."""
    answers = iter(["127.0.0.1", "127.0.0.1", "169.254.169.254", "169.254.169.254"])
    asked: list[str] = []

    def lookup(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    site.replies["/a"] = html()
    (event,) = run.index(f"http://rebind.example:{site.server_port}/a")
    assert (event.status, len(asked)) == ("added", 2)  # robots.txt, and the page
    assert "169.254.169.254, which is not a public" in run.refusal(f"http://rebind.example:{site.server_port}/b")


def test_a_name_with_one_private_address_is_not_fetched(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    assert "is at 10.0.0.1" in run.refusal("http://both.example/")


def test_redirections_end(site: Site, run: Run) -> None:
    site.replies["/a"] = (301, {"Location": "/a"}, b"")
    assert run.refusal(f"{site.url}/a") == "it is redirected more than 5 times"
    site.replies["/b"] = (307, {"Location": "c"}, b"")
    site.replies["/c"] = html()
    assert [event.status for event in run.index(f"{site.url}/b")] == ["added"]


def test_robots_are_obeyed_on_every_hop(site: Site, run: Run) -> None:
    rules = b"User-agent: *\nDisallow: /private\nCrawl-delay: 2\n"
    site.replies = {"/robots.txt": (200, {}, rules), "/a": (302, {"Location": "/private/b"}, b""), "/private/b": html()}
    assert "robots.txt" in run.refusal(f"{site.url}/private/b")
    assert "robots.txt" in run.refusal(f"{site.url}/a")
    assert "/private/b" not in site.paths()
    assert run.slept
    assert all(0 < seconds <= 2 for seconds in run.slept)


def test_a_site_whose_robots_cannot_be_had_is_left_alone(site: Site, run: Run) -> None:
    site.replies = {"/robots.txt": (503, {}, b""), "/a": html()}
    assert "robots.txt" in run.refusal(f"{site.url}/a")
    assert site.paths() == ["/robots.txt"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ((404, {}, b""), "its server answers 404"),
        ((304, {}, b""), "its server answers 304"),
        (html({"Content-Length": "99999"}), "cut short|cannot be reached|took longer"),
        (html({"Content-Encoding": "br"}), "not asked for"),
        (html({"Content-Encoding": "gzip"}), "damaged"),
        (html(body=b""), "it is empty"),
    ],
)
def test_a_bad_answer_is_refused(
    site: Site, run: Run, reply: Reply, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "SECONDS", 1.0)
    site.replies["/a"] = reply
    assert re.search(reason, run.refusal(f"{site.url}/a"))


def test_what_is_too_long_is_refused_also_when_it_is_packed(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.sources.fetch.MAX_BYTES", 1_000_000)
    site.replies["/a"] = html(body=HTML + b" " * 1_000_000)
    site.replies["/b"] = html({"Content-Encoding": "gzip"}, gzip.compress(b" " * 50_000_000))
    assert run.refusal(f"{site.url}/a") == run.refusal(f"{site.url}/b") == "it is longer than 1 MB"


def test_a_server_that_never_ends_is_left(site: Site, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS", 0.5)
    site.replies["/slow"] = html({"Content-Length": "99999"})
    begun = time.monotonic()
    assert "took longer than" in run.refusal(f"{site.url}/slow")
    assert time.monotonic() - begun < 2.5


def test_a_handshake_that_never_ends_is_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte, so that no single wait is long."""
    monkeypatch.setattr(client, "SECONDS", 0.5)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            opened, _ = server.accept()
            with opened:
                opened.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16,384 bytes is announced
                while not ended.wait(0.1):
                    try:
                        opened.sendall(b"\x02")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        assert run.refusal(f"https://127.0.0.1:{server.getsockname()[1]}/") == "it took longer than 0.5 seconds"
        assert time.monotonic() - begun < 2.5
        ended.set()
        thread.join()


def test_all_addresses_together_have_the_time_of_one_request(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        place = server.getsockname()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", place)] * 20)
        waiting = [socket.socket() for _ in range(4)]  # a queue that is full: who comes next is not answered
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        begun = time.monotonic()
        assert run.refusal("http://slow.example/") == "it took longer than 0.5 seconds"
        assert time.monotonic() - begun < 2.5
        for one in waiting:
            one.close()


def test_a_name_that_is_looked_up_for_ever_is_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS", 0.3)
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(5) and [])
    begun = time.monotonic()
    assert run.refusal("http://slow.example/") == "it took longer than 0.3 seconds"
    assert time.monotonic() - begun < 2.5
    ended.set()


def test_without_being_asked_to_nothing_is_fetched(site: Site) -> None:
    (found,) = read_pages([f"{site.url}/a"])
    assert isinstance(found, SourceUnreadable)
    assert "--fetch" in found.reason
    assert site.asked == []


def test_a_user_name_in_a_url_is_not_sent(run: Run) -> None:
    assert "without a user name" in run.refusal("http://user:password@x.example/")


def test_a_page_that_is_away_for_a_while_does_not_give_way_to_its_summary(site: Site, run: Run) -> None:
    site.replies = {"/feed": summaries(site, "a"), "/a": html()}
    assert [event.status for event in run.index(f"{site.url}/feed")] == ["added"]
    whole = run.archive.view().article_at(1).text
    site.replies = {"/feed": summaries(site, "a", said="The ferry is repaired."), "/a": (503, {}, b"")}
    assert [event.status for event in run.index(f"{site.url}/feed")] == ["unchanged"]
    site.replies["/a"] = html(body=HTML.replace(b"Corran", b"Dorran"))
    (event,) = run.index(f"{site.url}/feed")
    assert event.status == "updated"
    texts = [run.archive.view().article_at(row).text for row in (1, 2)]
    assert texts == [whole, whole.replace("Corran", "Dorran")]


def test_a_page_that_gives_nothing_is_not_asked_for_at_every_run(site: Site, run: Run) -> None:
    site.replies = {"/feed": summaries(site, "a"), "/a": (404, {}, b"")}
    for _ in range(3):
        run.index(f"{site.url}/feed")
    assert site.paths().count("/a") == 1


@pytest.mark.parametrize("target", ["http://[", "http://a:b/", "http://x.example:99999/"])
def test_a_page_that_leads_to_what_is_no_url_costs_that_page(site: Site, run: Run, target: str) -> None:
    site.replies = {"/feed": summaries(site, "a"), "/a": (302, {"Location": target}, b"")}
    (event,) = run.index(f"{site.url}/feed")
    assert "only its summary is taken" in event.warnings[0]
    assert "no URL" in run.refusal(f"{site.url}/a") or "URL" in run.refusal(f"{site.url}/a")


@pytest.mark.parametrize("rule", ["Crawl-delay: \u00b2", "Crawl-delay: " + "9" * 5000, "Disallow: //["])
def test_rules_that_cannot_be_read_allow_nothing(site: Site, run: Run, rule: str) -> None:
    site.replies = {"/robots.txt": (200, {}, f"User-agent: *\n{rule}\n".encode()), "/a": html()}
    assert "robots.txt" in run.refusal(f"{site.url}/a")
