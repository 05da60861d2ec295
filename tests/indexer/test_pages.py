"""HTML and PDF: what is kept of a page, and what it says of itself."""

from __future__ import annotations

import io
import json

import pytest

from indexer.furniture import is_furniture, is_page_part, opens_links
from indexer.sources.html import HtmlSource, article_lines, fragment_text
from indexer.sources.html_lines import Line, lines_of
from indexer.sources.html_meta import Said, read_meta
from indexer.sources.html_tree import parse
from indexer.sources.options import SourceOptions
from indexer.sources.pdf import paragraphs
from indexer.sources.source import Given
from indexer.types import Block, Page

PROSE = "The storm reached the coast on Monday evening and tore the roof from the town hall of Skarvik."
MORE = "The mayor said that nobody was hurt, and that the council would meet in the school until spring."


def said(head: str, body: str = "", url: str | None = None) -> Said:
    return read_meta(parse(f"<html lang='en'><head>{head}</head><body><p>x</p>{body}</body></html>"), url)


def linked(**fields: object) -> str:
    node = {"@context": "https://schema.org", "@type": "NewsArticle", **fields}
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def page(html: str) -> Page:
    (found,) = HtmlSource().read(io.BytesIO(html.encode()), "file:///a.html", SourceOptions(), Given())
    assert isinstance(found, Page)
    return found


@pytest.mark.parametrize(
    ("line", "is_part"),
    [
        ("Share on Facebook", True),
        ("Read also: Mayor opens a new school", True),
        ("[Related: Ten soups for cold days]", True),
        ("This site uses cookies.", True),
        ("Sign up for our morning newsletter", True),
        ("Thanks for signing up!", True),
        ("Filed under: Weather", True),
        ("(Leggi anche: Dieci zuppe)", True),
        ("(Reporting by Jane Doe; Editing by John Roe)", False),
        ("© 2019 Associated Press. All rights reserved.", False),
        ("desk@example.org", False),
        ("https://example.org/report", False),
        ("The mayor said so.", False),
        ("Related research was done in Oslo by a team of nine.", False),
        ("Get your coats, the mayor told the crowd on Monday.", False),
    ],
)
def test_parts_of_the_page_are_told_from_the_story(line: str, is_part: bool) -> None:
    assert is_page_part(line) is is_part
    assert is_furniture(line) or not is_part


@pytest.mark.parametrize(
    "line", ["Related stories", "Most read in world news", "Up next", "Explore further", "DON'T MISS"]
)
def test_headings_of_links_are_known(line: str) -> None:
    assert opens_links(line)
    assert not opens_links(line + " in the valley, said the mayor")


def test_links_to_other_articles_are_left_out_and_others_stay() -> None:
    links = {"Ten soups for the cold days", "the report of the council", "Mayor opens a new school"}
    lines = [
        Line("A storm", "heading"),
        Line("Ten soups for the cold days", ""),
        Line(PROSE, ""),
        Line("the report of the council", "item"),
        Line("another report", "item"),
        Line("Related stories", "heading"),
        Line("Mayor opens a new school", "item"),
    ]
    assert [line.text for line in article_lines(lines, None, links)] == [
        PROSE,
        "the report of the council",
        "another report",
    ]


def test_lines_follow_blocks_breaks_lists_and_tables() -> None:
    tree = parse(
        "<html><body><p>One <b>and</b>&nbsp;two<br>three</p><ul><li>four</li><li><p>fi&shy;ve</p></li></ul>"
        "<table><tr><th>a</th><td>b <i>c</i></td></tr></table><script>x</script>six<!-- y --> seven</body></html>"
    )
    assert lines_of(tree) == [
        Line("One and two", ""),
        Line("three", ""),
        Line("four", "item"),
        Line("five", "item"),
        Line("a | b c", "row"),
        Line("six seven", ""),
    ]


def test_a_table_that_only_lays_out_a_page_is_no_table() -> None:
    tree = parse(f"<html><body><table><tr><td><p>{PROSE * 3}</p><p>{MORE * 3}</p></td></tr></table></body></html>")
    assert [line.kind for line in lines_of(tree)] == ["", ""]


def test_entities_and_soft_hyphens_are_not_in_the_text() -> None:
    assert (
        fragment_text("<p>Gov&shy;ern&#173;ment &amp; &lt;law&gt; caf&eacute;&nbsp;&#x1F600;</p>")
        == "Government & <law> café 😀"
    )


def test_json_ld_of_an_article_comes_first() -> None:
    head = linked(headline="A", datePublished="2024-03-03", author={"name": "B"}, publisher={"name": "C"})
    head += '<meta property="og:title" content="X"><meta name="author" content="Y"><title>Z</title>'
    found = said(head)
    assert (found.title, found.author, found.site, found.published, found.dated) == (
        "A",
        "B",
        "C",
        "2024-03-03",
        "JSON-LD",
    )


@pytest.mark.parametrize("broken", ["{", '{"@type": ', "[" * 2000, "null", '"NewsArticle"', '{"@type": 5}'])
def test_bad_json_ld_is_passed_over(broken: str) -> None:
    found = said(f'<script type="application/ld+json">{broken}</script><meta property="og:title" content="X">')
    assert found.title == "X"


def test_open_graph_and_tags_come_next_and_what_is_not_said_is_null() -> None:
    head = (
        '<meta property="article:published_time" content="2024-03-03T09:00:00+01:00">'
        '<meta property="og:site_name" content="The Post"><title>A storm | The Post</title>'
        '<meta property="article:author" content="https://facebook.com/jane">'
        '<link rel="canonical" href="/a">'
    )
    found = said(head, url="https://post.example/a?x=1")
    assert (found.title, found.site, found.author) == ("A storm", "The Post", None)
    assert (found.published, found.dated, found.url) == (
        "2024-03-03T09:00:00+01:00",
        "meta tag",
        "https://post.example/a",
    )
    nothing = said("")
    assert (nothing.title, nothing.author, nothing.site, nothing.published, nothing.url) == (None,) * 5


@pytest.mark.parametrize(
    ("body", "date"),
    [
        ('<time datetime="2024-03-03">3 March</time>', "2024-03-03"),
        ('<time datetime="2024-03-03"></time><time datetime="2024-03-04"></time>', None),
        (
            '<time datetime="2024-03-03"></time><time itemprop="datePublished" datetime="2024-03-04"></time>',
            "2024-03-04",
        ),
    ],
)
def test_a_time_tag_counts_where_it_can_be_but_that_of_publication(body: str, date: str | None) -> None:
    assert said("", body).published == date


def test_a_page_gives_its_summary_as_one() -> None:
    html = f'<meta name="description" content="{MORE}">'
    html += f"<article><h1>A storm</h1><p>{MORE}</p><p>{PROSE}</p><p>{PROSE[::-1]}</p>"
    found = page(f"<!DOCTYPE html><html><head><title>A storm</title>{html}</article></html>")
    assert found.text.startswith(MORE)
    assert found.marked == (Block(0, len(MORE), "summary"),)


# ---- PDF


def test_lines_of_a_pdf_become_paragraphs_and_words_whole_again() -> None:
    first = [
        "The Gazette 7",
        "",
        "The govern-",
        "ment met on Monday and",
        "chose a mayor.",
        "",
        "Nobody else was",
    ]
    second = ["The Gazette 8", "there, and the", "meeting ended.", "8"]
    assert paragraphs(["\n".join(first), "\n".join(second)]) == (
        "The government met on Monday and chose a mayor.\n\nNobody else was there, and the meeting ended."
    )


def test_a_page_that_ends_a_sentence_ends_a_paragraph() -> None:
    assert paragraphs(["One sentence.", "Another one."]) == "One sentence.\n\nAnother one."
