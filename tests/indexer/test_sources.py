from __future__ import annotations

import hashlib
import io
import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import InvalidInput, SourceUnreadable
from indexer.sources import SourceOptions, Unchanged, read_pages
from indexer.sources.decode import decode, whole_characters
from indexer.sources.jsonl import JsonlSource
from indexer.sources.text import TextSource
from indexer.types import Page
from tests.indexer.scraped import SEED, SEEDS, WIKINEWS, news_texts

NO_OPTIONS = SourceOptions()


def read(*paths: str | Path, options: SourceOptions = NO_OPTIONS) -> list[Page | SourceUnreadable]:
    return read_all(paths, options)


def read_all(
    paths: Sequence[str | Path], options: SourceOptions, piped: io.BufferedReader | None = None
) -> list[Page | SourceUnreadable]:
    return [found for found in read_pages(paths, options, piped) if not isinstance(found, Unchanged)]


def pages(found: Sequence[Page | SourceUnreadable]) -> list[Page]:
    return [page for page in found if isinstance(page, Page)]


def reasons(found: Sequence[Page | SourceUnreadable]) -> list[str]:
    return [page.reason for page in found if isinstance(page, SourceUnreadable)]


def text_of(data: bytes) -> Page | SourceUnreadable:
    (found,) = TextSource().read(io.BytesIO(data), "file:///a.txt", SourceOptions())
    return found


def record(**fields: Any) -> Page | SourceUnreadable:  # noqa: ANN401 JSON is anything
    (found,) = lines_of(json.dumps(fields).encode())
    return found


def lines_of(data: bytes, options: SourceOptions = NO_OPTIONS) -> list[Page | SourceUnreadable]:
    return list(JsonlSource().read(io.BytesIO(data), "file:///a.jsonl", options))


# ---- plain text


@given(news_texts())
def test_a_text_is_the_decoded_file_character_for_character(text: str) -> None:
    data = text.encode()
    found = text_of(data)
    if not text.removeprefix("\ufeff").strip():
        assert isinstance(found, SourceUnreadable)
        return
    assert isinstance(found, Page)
    assert found.text == text.removeprefix("\ufeff")
    assert found.source_sha256 == hashlib.sha256(data).hexdigest()
    assert found.warnings == ()


def test_the_seed_is_read_as_it_is() -> None:
    (found,) = pages(read(SEED))
    assert found.text.encode() == SEED.read_bytes()
    assert found.origin == SEED.resolve().as_uri()
    assert found.source_sha256 == hashlib.sha256(SEED.read_bytes()).hexdigest()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding_and_is_no_text(encoding: str) -> None:
    found = text_of("“Ünï” 😀\r\nend".encode(encoding))
    assert isinstance(found, Page)
    assert (found.text, found.warnings) == ("“Ünï” 😀\r\nend", ())


FRENCH = (
    "Le président a déclaré à l'été dernier qu'il était prêt à négocier. Où ça ? À Besançon, près de la forêt. " * 5
)
RUSSIAN = "Президент заявил, что переговоры начнутся в понедельник в столице, и все стороны согласились с этим. " * 5


@pytest.mark.parametrize(("text", "encoding"), [(FRENCH, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r")])
def test_another_encoding_is_detected_and_named(text: str, encoding: str) -> None:
    found = text_of(text.encode(encoding))
    assert isinstance(found, Page)
    assert found.text == text
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("not UTF-8: read as ")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b" \r\n\t", "it is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b"abc\0def", "it holds NUL characters"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe\x00\x80", "NUL characters|encoding cannot be told"),
        (b"\xff\xfe\x00", "truncated data|encoding cannot be told|can't decode"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, reason: str) -> None:
    found = text_of(data)
    assert isinstance(found, SourceUnreadable)
    assert re.search(reason, found.reason), found.reason


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_text_or_refused(data: bytes) -> None:
    found = text_of(data)
    if isinstance(found, Page):
        assert found.text.encode("utf-8")  # no lone surrogate is left
        assert "\0" not in found.text


def test_a_text_too_long_to_be_an_article_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.sources.limits.MAX_BYTES", 10)
    assert isinstance(text_of(b"x" * 10), Page)
    assert isinstance(text_of(b"x" * 11), SourceUnreadable)


def test_lone_surrogates_become_replacement_characters() -> None:
    warning = "lone surrogates were replaced by U+FFFD"
    assert whole_characters("a\ud800b\udfff") == ("a\ufffdb\ufffd", (warning,))
    assert whole_characters("\ud83d\ude00") == ("😀", (warning,))  # a pair that was split is joined
    assert whole_characters("😀\ufffd") == ("😀\ufffd", ())
    assert decode(b"a\xed\xa0\x80b") == ("a\ufffdb", (warning,))
    assert decode(b"\xff\xfea\x00\x00\xd8b\x00") == ("a\ufffdb", (warning,))


# ---- JSON Lines


def test_a_record_gives_every_field() -> None:
    line = json.dumps(
        {
            "id": "a-1",
            "title": "T",
            "text": "Text.\r\n",
            "source": "S",
            "url": "https://x.org/a",
            "author": "A",
            "published_at": "2022-02-06",
            "language": "en",
            "tags": ["x"],
        }
    ).encode()
    (found,) = pages(lines_of(line + b"\r\n"))
    assert found == Page(
        origin="file:///a.jsonl#a-1",
        source_sha256=hashlib.sha256(line).hexdigest(),
        extractor=found.extractor,
        text="Text.\r\n",
        id="a-1",
        title="T",
        source="S",
        url="https://x.org/a",
        author="A",
        published="2022-02-06",
        language="en",
        metadata={"tags": ["x"]},
    )


@pytest.mark.parametrize(
    ("fields", "origin"),
    [
        ({"id": 7, "url": "https://x.org/a"}, "7"),
        ({"url": "https://x.org/ä b"}, "https://x.org/%C3%A4%20b"),
        ({}, "line=1"),
    ],
)
def test_a_record_s_origin_is_its_id_else_its_url_else_its_line(fields: dict[str, object], origin: str) -> None:
    found = record(text="Text.", **fields)
    assert isinstance(found, Page)
    assert found.origin == f"file:///a.jsonl#{origin}"


def test_the_names_that_exports_use_are_known() -> None:
    found = record(
        body="Text.",
        headline="T",
        site={"name": "S", "id": 3},
        link="https://x.org/a",
        authors=["A", {"name": "B"}],
        date=1644148560,
        lang="en",
        category="x",
    )
    assert isinstance(found, Page)
    assert (found.text, found.title, found.source, found.url) == ("Text.", "T", "S", "https://x.org/a")
    assert (found.author, found.published, found.language) == ("A, B", "1644148560", "en")
    assert found.metadata == {"category": "x"}


def test_a_map_says_which_key_is_which_field() -> None:
    options = SourceOptions(
        map={"text": "story", "published_at": "meta.date", "title": "a.b"}, source="S", language="de"
    )
    line = {"story": "Text.", "text": "not this", "meta": {"date": "2022-02-06"}, "a.b": "T", "published": "no"}
    (found,) = pages(lines_of(json.dumps(line).encode(), options))
    assert (found.text, found.published, found.title) == ("Text.", "2022-02-06", "T")
    assert (found.source, found.language) == ("S", "de")
    assert found.metadata == {"text": "not this", "meta": {"date": "2022-02-06"}, "published": "no"}


@pytest.mark.parametrize(
    ("map", "problem"),
    [({"body": "x"}, "'body' is not a field: map one of id, text"), ({"text": ""}, "write text=KEY")],
)
def test_a_map_of_unknown_fields_is_refused(map: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        SourceOptions(map=map)


def test_a_time_zone_that_does_not_exist_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="timezone: 'Asia/Nowhere' is unknown"):
        SourceOptions(timezone="Asia/Nowhere")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "line 1: column 2 is not JSON"),
        (b"[1]", "line 1: it is JSON, but not an object"),
        (b'"text"', "it is JSON, but not an object"),
        (b'{"text": NaN}', "NaN is not JSON"),
        (b'{"text": "\xff"}', "byte 11 is not UTF-8"),
        (b'{"title": "T"}', r"it has no text \(its keys: title\): say with --map text=KEY"),
        (b'{"text": " \\n"}', "it has no text"),
        (b'{"text": null}', "it has no text"),
        (b'{"text": 5}', "text is a number, not a string"),
        (b'{"content": ["a"]}', "content is a list, not a string"),
        (b'{"text": "a", "title": {"x": 1}}', "title is an object, not a string"),
        (b'{"text": "a", "published_at": true}', "published_at is true or false, not a string"),
        (b'{"text": "a", "id": 1.5}', "id is a number, not a string"),
        (b'{"text": "a", "authors": [["b"]]}', "authors is a list, not a string"),
        (b'{"text": "a", "id": "a b"}', "'a b' is not an id"),
        (b'{"text": "a\\u0000b"}', "its text holds NUL characters"),
        (b'{"text": ' + b"[" * 200_000, "not JSON|nested too deep"),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "line 1: a number of 5000 digits is too long"),
        (b'{"text": "a", "n": -1e999}', "line 1: -1e999 is too large a number"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_the_rest_goes_in(line: bytes, reason: str) -> None:
    found = lines_of(line + b'\n\n{"text": "Good."}\n')
    assert [page.text for page in pages(found)] == ["Good."]
    (refusal,) = (page for page in found if isinstance(page, SourceUnreadable))
    assert refusal.origin == "file:///a.jsonl#line=1"
    assert re.search(reason, refusal.reason), refusal.reason
    assert pages(found)[0].origin == "file:///a.jsonl#line=3"  # blank lines count


def test_surrogates_in_json_are_replaced_wherever_they_are() -> None:
    (found,) = pages(lines_of(b'{"text": "a\\ud800 \\ud83d\\ude00", "x\\udc00": ["\\ud800", {"y": 1}]}'))
    assert found.text == "a\ufffd 😀"
    assert found.metadata == {"x\ufffd": ["\ufffd", {"y": 1}]}
    assert found.warnings == ("lone surrogates were replaced by U+FFFD",)


def test_a_byte_order_mark_before_the_first_line_is_passed_over() -> None:
    (found,) = pages(lines_of(b'\xef\xbb\xbf{"text": "a"}'))
    assert found.source_sha256 == hashlib.sha256(b'{"text": "a"}').hexdigest()


def test_a_line_too_long_to_be_an_article_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.sources.jsonl.MAX_BYTES", 40)
    long = b'{"text": "' + b"x" * 100 + b'"}'
    found = lines_of(b'{"text": "a"}\n' + long + b'\n{"text": "b"}\n' + long)
    assert [page.text for page in pages(found)] == ["a", "b"]
    assert [reason.split(":")[0] for reason in reasons(found)] == ["line 2", "line 4"]


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3) | st.none(), max_size=5))
def test_every_line_that_is_not_blank_is_told_once(records: list[dict[str, str] | None]) -> None:
    data = b"\n".join(json.dumps(one).encode() if one is not None else b"" for one in records)
    assert len(lines_of(data)) == sum(one is not None for one in records)


def test_lines_are_streamed() -> None:
    class Endless(io.RawIOBase):
        def readline(self, size: int | None = -1, /) -> bytes:
            return b'{"text": "a"}\n'

    lines = JsonlSource().read(Endless(), "file:///a.jsonl", SourceOptions())  # type: ignore[arg-type]
    assert isinstance(next(lines), Page)
    assert isinstance(next(lines), Page)


def test_the_sample_of_wikinews_is_whole() -> None:
    found = pages(read(WIKINEWS))
    assert len(found) == 295
    assert {page.source for page in found} == {"Wikinews"}
    assert all(page.url and page.url.startswith("https://en.wikinews.org/wiki/") for page in found)
    assert all(page.id and page.title and page.published for page in found)


# ---- paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.TXT", "sub/c.txt", "sub/deep/d.jsonl", ".hidden/e.txt", ".f.txt", "README.md", "z/x.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"text": "Text."}' if name.endswith("jsonl") else f"Text of {name}.")
    return tmp_path


def names(found: Sequence[Page | SourceUnreadable], folder: Path) -> list[str]:
    return [page.origin.removeprefix(folder.resolve().as_uri() + "/") for page in found]


def test_a_folder_is_read_to_the_bottom_in_a_stable_order(folder: Path) -> None:
    assert names(read(folder), folder) == ["a.TXT", "b.txt", "sub/c.txt", "sub/deep/d.jsonl#line=1"]


def test_the_seeds_hold_articles_and_nothing_else() -> None:
    found = read(SEEDS)
    assert len(pages(found)) == 296
    assert reasons(found) == []


def test_a_glob_stands_for_what_it_matches(folder: Path) -> None:
    assert names(read(f"{folder}/*.[tm]*"), folder) == ["b.txt"]
    assert names(read(f"{folder}/**/*.jsonl"), folder) == ["sub/deep/d.jsonl#line=1"]
    assert names(read(f"{folder}/s?b"), folder) == ["sub/c.txt", "sub/deep/d.jsonl#line=1"]
    assert reasons(read(f"{folder}/*.pdf")) == [
        "it matches no text, HTML, feed, JSON, CSV, PDF, mail, WARC or archive file"
    ]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].txt").write_text("Text.")
    (tmp_path / "a1.txt").write_text("Other.")
    assert [page.text for page in pages(read(tmp_path / "a[1].txt"))] == ["Text."]


def test_a_file_met_twice_is_read_once(folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder / "b.txt")
    assert len(read(folder, folder / "b.txt", str(folder / "sub" / ".." / "b.txt"))) == 4


def test_a_relative_path_gives_an_absolute_origin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "sub")
    assert names(read("../b.txt"), folder) == ["b.txt"]


def test_links_are_followed_but_not_in_circles(folder: Path) -> None:
    (folder / "sub" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    (folder / "other.txt").symlink_to(folder / "README.md")
    found = read(folder)
    assert names(pages(found), folder) == ["a.TXT", "b.txt", "README.md", "sub/c.txt", "sub/deep/d.jsonl#line=1"]
    assert sorted(names([page for page in found if isinstance(page, SourceUnreadable)], folder)) == [
        "gone.txt",
        "self.txt",
    ]


def test_what_is_no_regular_file_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.txt"))
        assert reasons(read(tmp_path)) == ["it is a pipe, socket or device: read it with `-` from stdin"] * 2
    assert reasons(read(tmp_path / "pipe.txt")) == ["it is a pipe, socket or device: read it with `-` from stdin"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.txt", "there is no such file or folder"),
        ("z", "the folder holds no text, HTML, feed, JSON, CSV, PDF, mail, WARC or archive file"),
        ("x" * 5000, "there is no such file or folder"),
        ("a\0b", "there is no such file or folder"),
    ],
)
def test_a_named_path_that_gives_nothing_says_why(folder: Path, name: str, reason: str) -> None:
    assert reasons(read(f"{folder}/{name}")) == [reason]


def test_a_file_that_may_not_be_read_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str, buffering: int) -> Iterator[bytes]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read anything, and tests may run as root
    assert reasons(read(folder / "b.txt")) == ["it cannot be read (Permission denied)"]


def test_a_name_that_is_no_text_still_has_an_origin(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff \xc3\xa4.txt"
    Path(os.fsdecode(path)).write_text("Text.")
    assert [page.origin.rpartition("/")[2] for page in read(tmp_path)] == ["%FF%20%C3%A4.txt"]


def test_an_id_given_twice_is_refused_the_second_time(tmp_path: Path) -> None:
    lines = [{"id": "a", "text": "One."}, {"id": "b", "text": "Two."}, {"id": "a", "text": "Three."}]
    lines += [{"url": "http://x.org/", "text": "Four."}, {"url": "https://x.org/#top", "text": "Five."}]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    found = read(tmp_path)
    assert [page.text for page in pages(found)] == ["One.", "Two.", "Four."]
    assert reasons(found) == [
        "id a occurs twice in this run, and the first is kept: give each its own",
        "URL https://x.org/#top occurs twice in this run, and the first is kept: give each its own",
    ]


def stdin(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


def test_stdin_is_a_text_or_json_lines() -> None:
    (text,) = pages(read_all(["-"], SourceOptions(), stdin(b"\n A text.\n{}")))
    assert text.text == "\n A text.\n{}"
    assert text.origin == "stdin:" + hashlib.sha256(b"\n A text.\n{}").hexdigest()[:20]
    data = b'\xef\xbb\xbf\n{"text": "One.", "id": "a"}\n{"text": "Two."}\nbad'
    found = read_all(["-"], SourceOptions(), stdin(data))
    second = "stdin:" + hashlib.sha256(b'{"text": "Two."}').hexdigest()[:20]
    assert [page.origin for page in found] == ["stdin:#a", second, "stdin:#line=4"]
    assert reasons(read_all(["-"], SourceOptions(), stdin(b""))) == ["it is empty"]


def test_two_texts_on_stdin_are_two_articles() -> None:
    for one, other in ((b"One.", b"Two."), (b'{"text": "One."}', b'{"text": "Two."}')):
        (first,), (second,) = (read_all(["-"], NO_OPTIONS, stdin(data)) for data in (one, other))
        assert first.origin != second.origin


def test_the_extractor_tells_apart_what_would_be_read_otherwise(folder: Path) -> None:
    plain, again, zoned = (
        pages(read(folder / "b.txt", options=options))[0].extractor
        for options in (SourceOptions(), SourceOptions(), SourceOptions(timezone="Asia/Kolkata"))
    )
    assert plain == again != zoned
    assert plain.startswith("text/2 clean/")
