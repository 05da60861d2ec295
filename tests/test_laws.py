"""Invariants 1 to 3 over every committed source; `make laws` holds thousands of real pages to the same."""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from indexer.sources import read_pages
from indexer.types import Article, Block, Page, Passage
from tests.fixtures.make_formats import FOLDER, STORIES, page
from tests.laws import check_article, check_sources

SEEDS = Path(__file__).parent.parent / "seeds"
_MARKUP = (
    *("<p>", "</p>", "<div>", "</div>", "<ul><li>", "</li></ul>", "<table><tr><td>", "</td></tr></table>", "<br>"),
    *("<h2>", "</h2>", "<a href='/x'>", "</a>", "<figcaption>", "</figcaption>", "&shy;", "&nbsp;", "&#x1F600;"),
    *("&amp;lt;", "<!-- x -->", "<pre>", "</blockquote>"),
)
parts = st.lists(st.sampled_from(_MARKUP) | st.text(max_size=30), min_size=5, max_size=40)


def test_the_laws_hold_for_every_committed_source() -> None:
    checked = check_sources([FOLDER, SEEDS], questions=6)
    assert checked["articles"] == len(STORIES) + 296
    assert checked["plain texts"] == 5
    assert checked["answers"] > 50
    assert checked["refused"] == 0


@settings(max_examples=8, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(parts, st.integers(0, 2**32))
def test_the_laws_hold_for_broken_pages(tmp_path_factory: pytest.TempPathFactory, parts: list[str], seed: int) -> None:
    folder = tmp_path_factory.mktemp("broken")
    chance = random.Random(seed)
    for name, story in list(STORIES.items())[:4]:
        whole = page(story)
        at = chance.randrange(whole.index("<body>"), len(whole))
        (folder / f"{name}.html").write_text(whole[:at] + "".join(parts) + whole[at:], "utf-8", "replace")
    checked = check_sources([folder], seed, questions=3)
    assert checked["articles"] + checked["refused"] == 4


def test_a_broken_law_is_seen() -> None:
    text = "One sentence. Another one."
    (found,) = [one for one in read_pages([FOLDER / "plain.txt"]) if isinstance(one, Page)]
    article = _article(found, text)
    check_article(article, [Passage(0, len(text))])
    with pytest.raises(AssertionError):
        check_article(article, [Passage(0, 13)])
    with pytest.raises(AssertionError):
        check_article(article, [Passage(0, len(text)), Passage(13, 20)])


def _article(found: Page, text: str) -> Article:
    digest = sha256(text.encode()).hexdigest()
    blocks = (Block(0, len(text), "body"),)
    return Article("a", None, None, None, None, None, None, None, text, digest, found.source_sha256, blocks)
