from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import InvalidInput
from indexer.identity import article_id, canonical_url, check_id, is_web_url
from indexer.types import Page


def page(id: str | None = None, url: str | None = None, origin: str = "file:///a.txt") -> Page:
    return Page(origin, "", "text/1", "Text.", id=id, url=url)


def test_a_given_id_is_the_id() -> None:
    assert article_id(page(id="a-1", url="https://x.org/a")) == "a-1"


def test_else_the_url_gives_it_and_else_the_origin() -> None:
    assert article_id(page(url="http://X.org/a#b")) == hashlib.sha256(b"https://x.org/a").hexdigest()[:20]
    assert article_id(page()) == hashlib.sha256(b"file:///a.txt").hexdigest()[:20]


@pytest.mark.parametrize("id", ["a", "0", "A.b_c~d-e", "9" * 128])
def test_ids_of_the_alphabet_pass(id: str) -> None:
    assert check_id(id) == id


@pytest.mark.parametrize("id", ["", "-a", ".", "a b", "a/b", "é", "a\n", "9" * 129, "../a", "a#1"])
def test_other_ids_are_refused(id: str) -> None:
    with pytest.raises(InvalidInput, match="is not an id: use 1 to 128 of"):
        article_id(page(id=id))


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Ex.com:80/A?utm_source=x&b=2&a=1&fbclid=y#top", "https://ex.com/A?b=2&a=1"),
        ("https://ex.com", "https://ex.com/"),
        ("https://ex.com:443/?", "https://ex.com/"),
        ("https://ex.com:8443/a/", "https://ex.com:8443/a/"),
        ("https://ex.com./a/../b/./c", "https://ex.com/b/c"),
        ("https://ex.com/../..", "https://ex.com/"),
        ("https://ex.com/%7euser/%e2%82%ac/€", "https://ex.com/~user/%E2%82%AC/%E2%82%AC"),
        ("https://münchen.de/ü", "https://xn--mnchen-3ya.de/%C3%BC"),
        ("https://[2001:DB8::1]:80/a", "https://[2001:db8::1]:80/a"),
        (" https://ex.com//wiki/A ", "https://ex.com//wiki/A"),
        ("https://ex.com/a?q=1%2B1", "https://ex.com/a?q=1%2B1"),
        ("urn:isbn:123", "urn:isbn:123"),
        ("not a url", "not a url"),
        ("https://ex.com:99999/a", "https://ex.com:99999/a"),
    ],
)
def test_one_page_has_one_canonical_url(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://ex.com/a", "https://ex.com/A"),
        ("https://ex.com/a", "https://ex.com/a/"),
        ("https://ex.com/?id=1", "https://ex.com/?id=2"),
        ("https://ex.com/a", "https://www.ex.com/a"),
        ("https://ex.com/a%2Fb", "https://ex.com/a/b"),
    ],
)
def test_what_may_tell_two_pages_apart_stays(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@given(st.text() | st.text("htps:/.aä%2€?&=#@[]0 ").map(lambda rest: "https://ex.com" + rest))
def test_a_canonical_url_is_its_own(url: str) -> None:
    assert canonical_url(canonical_url(url)) == canonical_url(url)


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://ex.com/a", True),
        ("HTTP://ex.com", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//ex.com/a", False),
        ("ex.com/a", False),
        ("https:///a", False),
        ("https://ex.com/a b", False),
        ("java\nscript:alert(1)", False),
        ("https://[bad/", False),
        ("", False),
    ],
)
def test_only_http_with_a_host_may_become_a_link(url: str, web: bool) -> None:
    assert is_web_url(url) is web
