from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.captions import is_caption
from indexer.clean import CLEANER, clean
from indexer.errors import SourceUnreadable
from indexer.furniture import is_furniture
from indexer.layout import lay_out
from indexer.shapes import byline, dateline, headline, same
from indexer.types import Article, Block, Page
from indexer.units import units
from tests.indexer.scraped import SEED, WIKINEWS, news_texts


def page(text: str, **fields: object) -> Page:
    return Page("file:///a.txt", "s" * 64, "text/1", text, **fields)  # type: ignore[arg-type]


def kinds(article: Article, length: int = 40) -> list[tuple[str, str]]:
    return [(block.kind, article.text[block.start : block.end][:length]) for block in article.blocks]


def check_laws(text: str, blocks: Sequence[Block]) -> None:
    """Invariant 2 for blocks: in order, apart, trimmed, and every character that is not white space in exactly one."""
    last = 0
    for block in blocks:
        assert last <= block.start < block.end <= len(text)
        assert text[last : block.start].strip() == ""
        assert text[block.start : block.end] == text[block.start : block.end].strip()
        last = block.end
    assert text[last:].strip() == ""


@given(news_texts(), st.none() | st.text(max_size=20), st.none() | st.text(max_size=20))
@settings(max_examples=500, deadline=None)
def test_every_character_but_white_space_lies_in_one_block(text: str, title: str | None, author: str | None) -> None:
    check_laws(text, lay_out(text, title, author).blocks)


@pytest.mark.parametrize("text", ["Ferry returns to Corran\nJane Doe", "Jane Doe", "Ferry returns\n\nJane Doe\n\n"])
def test_a_text_may_end_with_a_name(text: str) -> None:
    check_laws(text, lay_out(text, "Ferry returns to Corran").blocks)


@given(news_texts(), st.sampled_from([None, "A title", "A headline of some words"]), st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_an_article_s_text_is_the_page_s(text: str, title: str | None, published: str) -> None:
    if all(block.kind == "furniture" for block in lay_out(text, title).blocks):
        with pytest.raises(SourceUnreadable, match=r"empty|furniture"):
            clean(page(text, title=title))
        return
    article = clean(page(text, title=title, published=published))
    assert article.text == text
    assert article.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert article.title is None or article.title == " ".join(article.title.split()) != ""


def test_the_seed_is_taken_apart() -> None:
    warnings: list[str] = []
    article = clean(page(SEED.read_bytes().decode()), warn=warnings.append)
    assert kinds(article) == [
        ("furniture", "ugc_banner"),
        ("headline", "Beijing Olympics 2022: Pakistani Prime M"),
        ("byline", "WION Web Team"),
        ("dateline", "Beijing, ChinaUpdated: Feb 06, 2022, 05:"),
        ("furniture", "main img"),
        ("caption", "File photo of Pakistan Prime Minister Im"),
        ("furniture", "Story highlights"),
        ("summary", "Jinping said that China is willing to wo"),
        ("body", "Pakistani Prime Minister Imran Khan on S"),
        ("furniture", "×"),
        ("body", "Beijing is using the start of the Winter"),
        ("furniture", "(With inputs from agencies)"),
    ]
    assert article.title == (
        "Beijing Olympics 2022: Pakistani Prime Minister Imran Khan meets Chinese President Xi Jinping"
    )
    assert (article.author, article.published_at) == ("WION Web Team", "2022-02-06T11:56:00Z")
    assert article.published_raw == "Feb 06, 2022, 05:26 PM IST"
    assert [warning.partition(" (")[0] for warning in warnings] == ["time zone IST read as +05:30"]
    assert clean(page(SEED.read_bytes().decode()), timezone="Europe/Dublin").published_at == "2022-02-06T17:26:00Z"


def test_the_sample_of_wikinews_is_body_under_a_dateline() -> None:
    for line in WIKINEWS.read_text("utf-8").splitlines():
        record = json.loads(line)
        article = clean(page(record["text"], title=record["title"], published=record["published_at"]))
        check_laws(article.text, article.blocks)
        assert {kind for kind, _ in kinds(article)} <= {"dateline", "body", "caption"}
        assert article.published_at == record["published_at"]
        told = [text for kind, text in kinds(article) if kind == "dateline"]
        assert all(text.split(",")[0].endswith("day") for text in told)


NEWS_SITE = """Home
News
World

Skip to main content

Flood waters recede in Vale as thousands return home

By Ana María López, Staff Writer
Published: 3 March 2021 | Updated: 4 March 2021, 09:15 GMT

Share
Tweet
WhatsApp

Residents wade through a street in Vale on Tuesday. (AP Photo/John Doe)

Thousands of people went home on Wednesday after the river fell below danger level for the first time in nine days.

Advertisement

“We lost everything,” said Maria Silva, 54. Share prices of insurers fell 3 per cent.

Also read: Why the dam failed

The mayor said schools would reopen on Monday.

(Reporting by Ana López; Editing by Jim Roe)
© 2021 Vale Times. All rights reserved.
"""


def test_a_page_of_another_site_is_taken_apart() -> None:
    article = clean(page(NEWS_SITE))
    assert kinds(article, 24) == [
        ("furniture", "Home"),
        ("furniture", "News"),
        ("furniture", "World"),
        ("furniture", "Skip to main content"),
        ("headline", "Flood waters recede in V"),
        ("byline", "By Ana María López, Staf"),
        ("dateline", "Published: 3 March 2021 "),
        ("furniture", "Share"),
        ("furniture", "Tweet"),
        ("furniture", "WhatsApp"),
        ("caption", "Residents wade through a"),
        ("body", "Thousands of people went"),
        ("furniture", "Advertisement"),
        ("body", "“We lost everything,” sa"),
        ("furniture", "Also read: Why the dam f"),
        ("body", "The mayor said schools w"),
        ("furniture", "(Reporting by Ana López;"),
        ("furniture", "© 2021 Vale Times. All r"),
    ]
    assert (article.author, article.published_at) == ("Ana María López", "2021-03-03")


HIGHLIGHTS = """Council backs tram line

Key points:
• The line will cost 90 million
• Work starts in May
– A vote in June is still needed

Residents had asked for a bus.
The council voted on Monday.
"""


def test_a_summary_is_its_points_and_the_body_two_lines() -> None:
    assert kinds(clean(page(HIGHLIGHTS)), 99) == [
        ("headline", "Council backs tram line"),
        ("furniture", "Key points:"),
        (
            "summary",
            "• The line will cost 90 million\n• Work starts in May\n– A vote in June is still needed",
        ),
        ("body", "Residents had asked for a bus.\nThe council voted on Monday."),
    ]


def test_furniture_may_stand_between_a_heading_and_its_first_point() -> None:
    text = (
        "Trams return to Oslo\n\nStory highlights\n\n×\n\nThe line will cost 90 million\n\nThe council voted on Monday."
    )
    assert [kind for kind, _ in kinds(clean(page(text)))] == ["headline", "furniture", "furniture", "summary", "body"]


def test_a_long_paragraph_is_never_furniture() -> None:
    text = "Read more: " + "the minister said that the trams would return. " * 6
    assert is_furniture(text[:200])
    assert not is_furniture(" ".join([text, "Nobody objected."] * 2))


def test_what_the_page_gives_is_not_looked_for() -> None:
    article = clean(
        page(
            "Other words first\n\nBy Jane Doe\n3 May 2020\n\nThe text of it is here.",
            title=" The  given\ntitle ",
            author="Given Author",
            published="2019-01-01",
        )
    )
    assert (article.title, article.author, article.published_at) == ("The given title", "Given Author", "2019-01-01")
    assert article.published_raw == "2019-01-01"
    assert [kind for kind, _ in kinds(article)] == ["body", "byline", "dateline", "body"]


def test_a_given_title_is_found_in_the_text() -> None:
    text = "World\n\nTrams Return to Oslo’s Streets\n\nTrams came back on Monday."
    assert kinds(clean(page(text, title="Trams return to Oslo's streets - BBC News"))) == [
        ("furniture", "World"),
        ("headline", "Trams Return to Oslo’s Streets"),
        ("body", "Trams came back on Monday."),
    ]


def test_names_above_a_report_s_place_are_its_byline() -> None:
    text = "Jane Doe\nTown Democrat\nTOWN, Fla. — A storm came on Monday.\nJohn Roe\nsaid so on Tuesday."
    assert kinds(clean(page(text, title="A storm"))) == [
        ("byline", "Jane Doe"),
        ("byline", "Town Democrat"),
        ("body", "TOWN, Fla. — A storm came on Monday.\nJoh"),
    ]
    assert clean(page(text, title="A storm")).author == "Jane Doe"
    text = "Michael R. Doe and Ann Roe\nAssociated Press\nLOS ANGELES — A storm came on Monday."
    assert clean(page(text, title="A storm")).author == "Michael R. Doe and Ann Roe"
    assert kinds(clean(page("Jane Doe\nA storm came — on Monday.", title="A storm")))[0][0] == "body"


def test_an_author_given_is_found_as_a_bare_name() -> None:
    text = "Jane Doe\n\nTrams came back on Monday, the city said."
    assert kinds(clean(page(text, title="Trams", author="Jane Doe")))[0] == ("byline", "Jane Doe")
    assert kinds(clean(page(text, title="Trams")))[0][0] == "body"  # without it, it could be anything
    dated = "Jane Doe\n3 May 2020\n\nTrams came back on Monday, the city said."
    assert kinds(clean(page(dated, title="Trams")))[0] == ("byline", "Jane Doe")
    assert kinds(clean(page("Sao Paulo Trams\n3 May 2020\n\nThey came back on Monday.")))[0][0] == "headline"


def test_the_head_ends_where_the_body_begins() -> None:
    text = "Trams came back on Monday, the city said.\n\nBy Jane Doe\n3 May 2020\nThey were red."
    article = clean(page(text, title="Trams"))
    assert kinds(article, 99) == [("body", text)]
    assert (article.author, article.published_at) == (None, None)


def test_a_text_of_one_paragraph_is_body() -> None:
    article = clean(page("Trams came back to Oslo on Monday"))
    assert kinds(article) == [("body", "Trams came back to Oslo on Monday")]
    assert article.title is None


def test_a_sentence_is_no_headline() -> None:
    article = clean(page("Trams came back to Oslo on Monday.\n\nPeople were glad."))
    assert article.title is None
    assert kinds(article, 99) == [("body", "Trams came back to Oslo on Monday.\n\nPeople were glad.")]


@pytest.mark.parametrize(
    "text",
    ["Advertisement", "×\n\n* * *\n", "Share\nTweet\n(With inputs from agencies)\n", "....", "\u200b"],
)
def test_nothing_but_furniture_is_refused(text: str) -> None:
    with pytest.raises(SourceUnreadable, match="nothing but page furniture"):
        clean(page(text))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": " \r\n"}, "it is empty"),
        ({"text": "a\0b"}, "NUL characters"),
        ({"text": "Text.", "id": "a b"}, "'a b' is not an id"),
    ],
)
def test_what_cannot_be_an_article_is_refused_with_its_origin(fields: dict[str, str], reason: str) -> None:
    with pytest.raises(SourceUnreadable, match=f"^file:///a.txt: .*{reason}"):
        clean(page(**fields))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/local/path", "data:text/html,x"])
def test_a_url_that_must_not_be_a_link_is_kept_as_metadata(url: str) -> None:
    warnings: list[str] = []
    article = clean(page("Text of it.", url=url, metadata={"x": 1}), warn=warnings.append)
    assert article.url is None
    assert article.metadata == {"x": 1, "url": url}
    assert warnings == ["its url is neither http nor https: it is kept as metadata, and gives no link"]


def test_the_page_s_warnings_are_passed_on() -> None:
    warnings: list[str] = []
    clean(page("Text of it.", warnings=("not UTF-8: read as cp1252",), published="01/02/2022"), warn=warnings.append)
    assert [warning.split(":")[0] for warning in warnings] == [
        "not UTF-8",
        "date '01/02/2022' may be 2022-01-02 or 2022-02-01",
    ]


@pytest.mark.parametrize(("given", "kept"), [("en", "en"), ("pt_BR", "pt-BR"), ("English!", None), ("", None)])
def test_a_language_is_a_tag_or_none(given: str, kept: str | None) -> None:
    assert clean(page("Text of it.", language=given)).language == kept


# ---- shapes: each true example has a false one beside it that differs in one thing


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("By Jane Doe", "Jane Doe"),
        ("By JANE DOE, Staff Writer", "JANE DOE"),
        ("By Jane Doe and John Q. Smith, CNN", "Jane Doe and John Q. Smith"),
        ("By Mary Smith for the Herald", "Mary Smith"),
        ("Written by José María de la Cruz", "José María de la Cruz"),
        ("Author: Jane Doe", "Jane Doe"),
        ("By Reuters", "Reuters"),
        ("The Associated Press", "The Associated Press"),
        ("Metro Web Desk", "Metro Web Desk"),
        ("From staff and wire reports", "From staff and wire reports"),
        ("By Friday", None),
        ("By Friday Night, three had died", None),
        ("By 2030, all cars will be electric", None),
        ("By-election results come in", None),
        ("By Jane Doe?", None),
        ("The home team", None),
        ("Reuters poll finds doubt", None),
    ],
)
def test_bylines(line: str, author: str | None) -> None:
    assert byline(line) == author


@pytest.mark.parametrize(
    ("line", "date", "label"),
    [
        ("Oslo, NorwayUpdated: Feb 06, 2022, 05:26 PM IST", "Feb 06, 2022, 05:26 PM IST", "updated"),
        ("Published: 6 Feb 2022 | Updated: 7 Feb 2022", "6 Feb 2022", "published"),
        ("Updated: 7 Feb 2022 | Published: 6 Feb 2022", "6 Feb 2022", "published"),
        ("Friday, January 4, 2019", "Friday, January 4, 2019", ""),
        ("LONDON, 4 January 2019", "4 January 2019", ""),
        ("Last updated on 6 February 2022 at 17:26 UTC", "6 February 2022 at 17:26 UTC", "last updated on"),
        ("New York CNN Business —", "", ""),
        ("LONDON (Reuters) —", "", ""),
    ],
)
def test_datelines(line: str, date: str, label: str) -> None:
    assert dateline(line) == (date, label)


@pytest.mark.parametrize(
    "line",
    [
        "Birthdate: March 13, 2004",
        "On January 4, 2019 the minister left",
        "He died on 4 January 2019.",
        "In May 2022",
        "He said —",
        "Winners of the March 3, 2021 draw, who were told by phone, at home",
        "x" * 500,
    ],
)
def test_a_line_that_says_more_is_no_dateline(line: str) -> None:
    assert dateline(line) is None


FURNITURE = """
'CITY IS STILL WAITING':City Council elects a new president after the audio was leaked
Lisbon and Porto:'The heart of the park': Village seeks to mend its relationship with the park
More: Jane Doe bringing magic to the web as an analyst of the ninth match
Jane Ann Doe is a senior reporter for USA TODAY. Reach her at jdoe@paper.example and follow her on X @jdoe.
Jane Doe and John Roe are reporters on the trending team. You can reach them at x@paper.example
Visuals editor Jane Doe and fellow John Roe contributed to this story.
Contact Star reporter Jane Doe at 317-444-2701 or write to her.
ugc_banner
main img
×
* * *
ADVERTISEMENT
Share on Facebook
Read more...
12 Comments
5 min read
Also read: The dam
Also Read | The dam
RELATED:The dam
Watch: The dam breaks
© 2022 The Times
(With inputs from agencies)
With inputs from PTI
(Reuters)
Reporting by A. Bee; Editing by C. Dee
This story was originally published by Grist.
Subscribe to our newsletter and never miss a story.
Sign up for our daily briefing.
We use cookies to improve your visit.
Follow us on Twitter
2 hours ago
Follow Jane Doe on Twitter: @janedoe
Most Read
You may also like
Hide caption
Contributing: AP
MORE:Delta adds a flight to Detroit for the eclipse
We will use the details you have shared to manage your registration.
"""


@pytest.mark.parametrize("line", FURNITURE.strip().splitlines())
def test_furniture(line: str) -> None:
    assert is_furniture(line)


PROSE = """
She told reporters:‘Why did nobody come to help us that night?’
Smith is an editor at the Post. Follow him through a day in the newsroom and you see why the paper still matters.
The two are fellow miners of the dead men. Find them alive, the foreman told us, and there will be a feast.
Jane Doe is a reporter for the Post. She saw the fire from her window.
Jane Doe is an editor. Reach is what her paper lacks.
Contact the police at 317-444-2701 if you saw him.
Reporters contributed to this story of a town as its chroniclers.
More: the word was on every lip in the town that night.
The mayor said: 'I am glad'.
Share prices fell on Monday.
Subscribers to the service fell by a third.
Watch makers met in Basel.
7
Follow-up tests were negative.
Related charges were dropped.
Advertisements were banned in 1971.
The report was published by the ministry on Tuesday.
Read the law, he said.
Commentators disagreed.
Editing by machines is common.
Sign language is taught.
More than 40 people died.
Close to 50 fled.
Photographs were shown.
Home prices rose.
Search teams left.
Print is dead, he said.
Next year
Email servers were hacked.
This story of survival moved many.
We use less water.
😀 text
北京
Outages: Arkansas and Iowa and all of Kansas on Monday
Where:Fandango Theatre
The aim:To win all of the games by May.
"""


@pytest.mark.parametrize("line", PROSE.strip().splitlines())
def test_what_an_article_says_is_no_furniture(line: str) -> None:
    assert not is_furniture(line)


CAPTIONS = """
File photo of a man and a dog. Photograph:(Reuters)
A dog. (AP Photo/Jane Doe)
A dog. Jane Doe/Getty Images
In this Dec. 29, 2015, file photo, a dog barks.
FILE PHOTO: A dog barks
Image: Jane Doe.
A dog | Photo: PTI
A dog at home - REUTERS
A dog. REUTERS/Jane Doe
Photos: A dog Hide Caption 1 of 266
A dog. Image: Jane Doe.
"""


@pytest.mark.parametrize("line", CAPTIONS.strip().splitlines())
def test_captions(line: str) -> None:
    assert is_caption(line)


NO_CAPTIONS = """
A Reuters/Ipsos poll found doubt.
He told Reuters.
The photo shows a dog, he said.
He left. The dog barked. – AFP
It was sold via AP to papers. Many ran it.
Photographs were shown.
In this photo-finish race, he won by a nose.
"""


@pytest.mark.parametrize("line", NO_CAPTIONS.strip().splitlines())
def test_a_sentence_about_a_picture_is_no_caption(line: str) -> None:
    assert not is_caption(line)


def test_a_gallery_in_one_line_is_captions_and_an_article_in_one_line_is_not() -> None:
    said = "A dog sits on the steps of the town hall, where it has waited for its owner since the flood of Monday. " * 6
    gallery = " ".join(f"Photos: Dogs of the flood {said}Hide Caption {n} of 20" for n in range(1, 21))
    assert len(gallery) > 10_000
    assert is_caption(gallery)
    assert not is_caption(gallery + " The mayor said that all of them were fed.")
    assert not is_caption(said * 2 + "Hide Caption 1 of 2")
    assert is_caption("Photos: A dog Photo 3 of 12")
    assert is_caption("Image 3 / 12")


@pytest.mark.parametrize(
    ("line", "could_be"),
    [
        ("Trams return to Oslo", True),
        ("Will trams return?", True),
        ("Trams return…", True),
        ("Trams return to the U.S.", False),
        ("Trams returned to Oslo.", False),
        ("“Trams returned to Oslo.”", False),
        ("Trams return", False),
        ("北京冬奥会开幕式举行", True),
        ("word " * 31, False),
        ("As follows: the trams:", False),
    ],
)
def test_headlines(line: str, could_be: bool) -> None:
    assert headline(line.strip()) is could_be


@pytest.mark.parametrize(
    ("line", "title", "is_same"),
    [
        ("Trams Return", "trams return!", True),
        ("Trams return to Oslo today", "Trams return to Oslo today | The Daily", True),
        ("Trams return to Oslo to…", "Trams return to Oslo to cheers", True),
        ("Trams", "Trams return to Oslo", False),
        ("!!!", "???", False),
        ("Trams return to Oslo today, and more words than any site's name", "Trams return to Oslo today", False),
    ],
)
def test_a_title_is_known_again(line: str, title: str, is_same: bool) -> None:
    assert same(line, title) is is_same


# ---- lines


def test_wrapped_lines_are_one_unit_and_short_ones_are_not() -> None:
    text = (
        "   TORONTO, March 11 - The company said it did not expect its\n"
        "earlier reported removal from the index to make a major\n"
        "Impact on the company's stock, it said on Monday to anyone.\n"
        "    Nobody was surprised.\n\nBy Jane Doe\r\nOslo\u2028Bergen"
    )
    assert [unit.line for unit in units(text)] == [
        "TORONTO, March 11 - The company said it did not expect its earlier reported removal from the index to make a "
        "major Impact on the company's stock, it said on Monday to anyone.",
        "Nobody was surprised.",
        "By Jane Doe",
        "Oslo",
        "Bergen",
    ]
    assert [unit.apart for unit in units(text)] == [True, False, True, False, False]


@given(news_texts())
def test_units_are_trimmed_and_apart_after_an_empty_line(text: str) -> None:
    for unit in units(text):
        piece = text[unit.start : unit.end]
        assert piece == piece.strip() != ""
        assert unit.line == " ".join(piece.split())


def test_windows_line_ends_are_one_line_end() -> None:
    assert [unit.apart for unit in units("a\r\nb\r\n\r\nc")] == [True, False, True]


@pytest.mark.parametrize(
    "line",
    [
        "(" + "," * 200 + "x",
        "a_" * 109 + "!",
        "By " + "A. " * 45,
        "A" + " B" * 70 + " x",
        "1 May 2020 " * 12 + "x",
        "©" + " " * 100 + "x",
        ("Photo: " * 90)[:600],
        "- " * 100,
    ],
)
def test_no_line_takes_long(line: str) -> None:
    start = time.process_time()
    for text in (line, f"{line}\n{line}", "\n\n".join([line] * 50)):
        lay_out(text)
    assert time.process_time() - start < 2


def test_time_grows_with_the_text() -> None:
    text = "".join(
        f"The minister said on {i} May 2020 that {i} trams had come back to the city.\n\n" for i in range(8000)
    )
    start = time.process_time()
    assert len(lay_out(text).blocks) == 1
    assert time.process_time() - start < 10


def test_the_cleaner_has_a_version() -> None:
    assert CLEANER == "clean/3"
