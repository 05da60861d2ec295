"""What every archive does, wherever its articles are kept, a folder or PostgreSQL, and whatever searches them."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import outbox
from indexer.archive import Archive
from indexer.build import build
from indexer.commit import delete
from indexer.doctor import examine
from indexer.errors import ArchiveMissing, ArticleNotFound, ModelMismatch, SourceUnreadable
from indexer.prune import prune
from indexer.remembered import Memory
from indexer.sources.source import Unchanged, Validators
from indexer.stores import Place, open_store
from indexer.stories import clusters
from indexer.types import Filters, IndexEvent, Page
from indexer.views import View
from pullquote import init
from retriever.listing import articles, extent
from retriever.search import search
from tests.cluster import Postgres
from tests.fakes import WordEmbedder, page
from tests.indexer.test_archive import contents, lexical_ids, put
from tests.milvus import MilvusLite

Fresh = Callable[[], Place]

WORDS = ["khan", "xi", "pledged", "roads", "boycott", "olympics"]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
steps = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | texts), min_size=1, max_size=10)  # None deletes


@pytest.fixture(params=["folder", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Names a place where there is no archive yet."""
    if request.param == "folder":
        numbers = itertools.count()
        return lambda: tmp_path / f"archive{next(numbers)}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh


@pytest.fixture
def shared(bare: Fresh, milvus: MilvusLite) -> Fresh:
    """Names a place with an empty archive, which Milvus searches."""

    def fresh() -> Place:
        place = bare()
        init(place, milvus.url)
        return place

    return fresh


@pytest.fixture(params=["embedded", "milvus"])
def fresh(request: pytest.FixtureRequest, bare: Fresh) -> Fresh:
    """Names a place where there is no archive yet, or an empty one that Milvus searches."""
    found: Fresh = bare if request.param == "embedded" else request.getfixturevalue("shared")
    return found


@pytest.fixture
def place(fresh: Fresh) -> Place:
    return fresh()


def opened(place: Place) -> Archive:
    return Archive(place, WordEmbedder(), create=True)


def shows(view: View) -> tuple[dict[str, str], dict[str, set[str]], set[str]]:
    """What both searches and the look-up by id find."""
    return contents(view), {word: lexical_ids(view, word) for word in WORDS}, {i for i in "abcd" if view.find(i)}


def expected(model: dict[str, str]) -> tuple[dict[str, str], dict[str, set[str]], set[str]]:
    words = {word: {i for i, text in model.items() if word in text.split()} for word in WORDS}
    return dict(model), words, set(model)


def check_history(place: Place, history: list[tuple[str, str | None]]) -> None:
    """Every view shows what its history left, and so does the archive when it is opened again."""
    archive, model = opened(place), dict[str, str]()
    views: list[tuple[View, dict[str, str]]] = []
    for article_id, text in history:
        if text is not None:
            put(archive, article_id, text)
            model[article_id] = text
        elif model.pop(article_id, None) is not None:
            assert delete(archive, [article_id]) == [article_id]
        views.append((archive.view(), dict(model)))
    for view, then in views:
        assert shows(view) == expected(then)
    archive.close()
    again = Archive(place, WordEmbedder())
    assert again.glance().info == again.view().info
    assert shows(again.view()) == expected(model)
    assert again.view().info.articles == len(model)
    again.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_every_view_shows_what_its_history_left(bare: Fresh, history: list[tuple[str, str | None]]) -> None:
    check_history(bare(), history)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_every_view_over_milvus_does(shared: Fresh, history: list[tuple[str, str | None]]) -> None:
    check_history(shared(), history)


def test_another_process_sees_an_addition_and_a_deletion_at_once(place: Place) -> None:
    archive, other = opened(place), opened(place)
    put(archive, "a", "khan met xi")
    assert contents(other.view()) == {"a": "khan met xi"}
    delete(archive, ["a"])
    assert contents(other.view()) == {}
    with pytest.raises(ArticleNotFound, match="'a'"):
        other.view().article("a")
    archive.close()
    other.close()


def check_characters(place: Place, text: str, title: str) -> None:
    archive = opened(place)
    put(archive, "a", f"khan {text}", title=title, source=title)
    found = archive.view().article("a")
    assert (found.text, found.title, found.source) == (f"khan {text}", title, title)
    assert [head.id for head in articles(archive.view(), Filters(source=(title,)), 10, 0)] == ["a"]
    hits = search("khan", archive.view(), WordEmbedder(), 99, filters=Filters(source=(title,)))
    assert {hit.article.id for hit in hits} == {"a"}
    archive.close()


any_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
titles = st.text(st.sampled_from("ab\0\x01\x02\N{PILE OF POO}%'?:s\"\\"), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=any_text, title=titles)
def test_every_character_comes_back(bare: Fresh, text: str, title: str) -> None:
    check_characters(bare(), text, title)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=any_text, title=titles)
def test_every_character_comes_back_over_milvus(shared: Fresh, text: str, title: str) -> None:
    check_characters(shared(), text, title)


def test_the_same_article_again_changes_nothing_and_a_new_one_replaces_it(place: Place) -> None:
    archive = opened(place)
    assert put(archive, "a", "khan met xi").status == "added"
    before = archive.view()
    assert put(archive, "a", "khan met xi").status == "unchanged"
    assert archive.view() is before
    assert put(archive, "a", "khan met xi", title="New").status == "updated"
    assert archive.view().article("a").title == "New"
    with pytest.raises(ArticleNotFound, match="'b'"):
        delete(archive, ["a", "b"])
    assert contents(archive.view()) == {"a": "khan met xi"}
    archive.close()


def test_vectors_are_rounded_once_and_those_of_another_embedder_refused(place: Place) -> None:
    archive = opened(place)
    put(archive, "a", "khan met xi")
    view = archive.view()
    exact = archive.embedder.encode([(None, "khan met"), (None, " xi")]).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(view.vectors(view.row_of("a")), exact)
    with pytest.raises(ModelMismatch, match="words:1, not words:2"):
        Archive(place, WordEmbedder("words:2"))
    archive.close()


def test_there_is_no_archive_before_one_is_made(bare: Fresh) -> None:
    place = bare()
    with pytest.raises(ArchiveMissing):
        open_store(place)
    open_store(place, create=True).close()
    again = open_store(place, create=True, migrate=True)
    assert int(again.meta("sequence")) == 0
    assert again.meta("nothing") is None
    again.close()


def test_an_error_inside_a_transaction_leaves_nothing_of_it(place: Place) -> None:
    archive = opened(place)

    def stop_half_way() -> None:
        with archive.store.writing() as writing:
            writing.rows("UPDATE meta SET value = 7 WHERE key = 'sequence'")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        stop_half_way()
    assert int(archive.store.meta("sequence")) == 0
    assert put(archive, "a", "khan").status == "added"  # and the next one can begin
    archive.close()


def test_writers_at_once_take_turns_and_lose_nothing(place: Place) -> None:
    first, second = opened(place), opened(place)
    put(first, "begin", "khan")

    def write(archive: Archive, name: str) -> None:
        for number in range(10):
            put(archive, f"{name}{number}", f"khan {name} {number}")

    threads = [threading.Thread(target=write, args=pair) for pair in ((first, "x"), (second, "y"), (first, "z"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequences = [row[0] for row in first.store.rows("SELECT added_seq FROM article ORDER BY rowid")]
    assert sequences == list(range(1, 32))
    assert len(contents(second.view())) == 31
    first.close()
    second.close()


def test_what_was_refused_and_what_servers_said_is_remembered(place: Place) -> None:
    archive = opened(place)
    memory = Memory(archive, "reader/1")
    memory.refuse("file:///a", "0" * 64, "html/1", "no text")
    build([page("khan met xi", origin="https://example.org/a")], archive, lambda event: None)
    memory.fetched("https://example.org/a", Validators("tag", None))
    memory.save()
    again = Memory(archive, "reader/1")
    assert isinstance(again.known("file:///a", "0" * 64, "html/1"), SourceUnreadable)
    assert again.validators("https://example.org/a") == Validators("tag", None)
    assert [found.origin for found in again.articles_of("https://example.org/a")] == ["https://example.org/a"]
    archive.close()


def test_a_place_may_have_a_name_of_any_length(place: Place) -> None:
    archive, url = opened(place), "https://example.org/" + random.Random(1).randbytes(20_000).hex()
    entries = [page(f"khan {name}", id=name, origin=f"{url}#{name}") for name in "ab"]
    for status in ("added", "unchanged"):
        told = list[IndexEvent]()
        build([page("khan met xi", origin=url), *entries, page("xi", origin=f"{url[:-1]}%")], archive, told.append)
        assert [event.status for event in told] == [status] * 4
    memory = Memory(archive, "reader/1")
    for _ in range(2):  # the last one counts
        memory.refuse(f"{url}!", "0" * 64, "html/1", "no text")
        memory.looked(url, "stamp", sha256(b"khan met xi").hexdigest(), "test/1")
        memory.fetched(url, Validators("tag", None))
    memory.save()
    memory.save()
    again = Memory(archive, "reader/1")
    assert isinstance(again.known(f"{url}!", "0" * 64, "html/1"), SourceUnreadable)
    assert isinstance(again.seen(url, "stamp"), Unchanged)
    assert again.validators(url) == Validators("tag", None)
    assert [found.origin for found in again.articles_of(url)] == [url, f"{url}#a", f"{url}#b"]
    archive.close()


def test_pruning_removes_what_lost_its_source(place: Place, tmp_path: Path) -> None:
    archive, origin = opened(place), tmp_path.resolve().as_uri()
    pages = [page(f"khan {name}", id=name, origin=f"{origin}/{name}.txt") for name in "ab"]
    build(pages, archive, lambda event: None)
    assert [event.id for event in prune(archive, [tmp_path], {f"{origin}/b.txt"}, set())] == ["a"]
    assert [head.id for head in articles(archive.view(), Filters(), 10, 0)] == ["b"]
    archive.close()


STORY = "Khan met Xi in the Great Hall of the People on Sunday and pledged to build more roads to the north. "
PAGES = [
    page(STORY, id="a", title="Khan meets Xi", source="Dawn", author="Ada", published="2022-02-06T11:00:00Z"),
    page(STORY + "He left.", id="b", title="Khan and Xi", source="WION", published="2022-02-07"),
    page(STORY, id="c", source="Dawn", published="2021-12-31T23:59:59Z"),
    page("Athletes boycott the olympics in the north.", id="d", title="Boycott", source="WION", author="Bo"),
    page("Roads to the olympics are closed by snow.", id="e", title="100% closed?", published="2022-02-20"),
]
QUERIES = ["khan met xi", "olympics roads", "what is the latest on the boycott?"]
FILTERS = [
    Filters(),
    Filters(source=("Dawn", "Nobody")),
    Filters(author=("Bo",)),
    Filters(ids=("a", "e")),
    Filters(since="2022-02-06", until="2022-02"),
    Filters(until="2022-02-07T10:00:00Z"),
    Filters(as_of="2022-01-01"),
    Filters(source=("Nobody",)),
]


def filled(place: Place) -> Archive:
    archive, told = opened(place), list[IndexEvent]()
    build(PAGES, archive, told.append)
    assert [event.status for event in told] == ["added"] * 5
    build([Unchanged("test:a", "a")], archive, told.append)
    return archive


def test_a_database_answers_as_a_folder_does(tmp_path: Path, postgres: Postgres) -> None:
    folder, server = filled(tmp_path / "archive"), filled(postgres.fresh())
    one, other = folder.view(), server.view()
    assert one.info == other.info
    for filters in FILTERS:
        for query in QUERIES:
            for mode in ("hybrid", "dense", "lexical"):
                found = [search(query, view, WordEmbedder(), 5, mode, filters) for view in (one, other)]
                assert found[0] == found[1], (query, filters, mode)
        assert articles(one, filters, 10, 0) == articles(other, filters, 10, 0)
    assert extent(one) == extent(other)
    assert [[one.article_at(row).id for row in c.members] for c in clusters(one)] == [["c", "a", "b"]]
    assert [[other.article_at(row).id for row in c.members] for c in clusters(other)] == [["c", "a", "b"]]
    for archive in (folder, server):
        health = examine(archive)
        assert health.ok, [check for check in health.checks if not check.ok]
        archive.close()


def test_a_page_that_is_not_changed_is_not_embedded_again(place: Place) -> None:
    archive, embedder = opened(place), WordEmbedder()
    pages: list[Page] = [page("khan met xi", id="a"), page("khan met xi", id="b")]
    build(pages, archive, lambda event: None)
    archive.close()
    again = Archive(place, embedder)
    build([*pages, page("khan met xi", id="c")], again, lambda event: None)
    assert embedder.encoded == []
    assert len(contents(again.view())) == 3
    again.close()


def test_both_stores_have_the_same_columns(tmp_path: Path, postgres: Postgres) -> None:
    folder, server = filled(tmp_path / "archive"), filled(postgres.fresh())
    for archive in (folder, server):
        memory = Memory(archive, "reader/1")
        memory.refuse("file:///a", "0" * 64, "html/1", "no text")
        memory.save()
    with folder.store.writing() as writing:
        outbox.prepare(writing)  # where an index outside is chosen
    sql = """SELECT name, (SELECT string_agg(name, ' ' ORDER BY cid) FROM pragma_table_info(tables.name))
        FROM sqlite_schema AS tables WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"""
    theirs = """SELECT CAST(table_name AS TEXT), string_agg(column_name, ' ' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY 1"""
    found: dict[str, str] = dict(server.store.rows(theirs))
    assert found.pop("migration") == "number applied_at"
    assert found.pop("access_key") == "rowid id name scope origins created expires sha256"  # a folder has keys.json
    assert found == dict(folder.store.rows(sql))
    folder.close()
    server.close()
