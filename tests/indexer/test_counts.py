"""Articles and passages are counted by whoever changes them, not by whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer import counts
from indexer.archive import Archive
from indexer.commit import commit, delete
from indexer.counts import Counts
from indexer.doctor import examine, mend
from indexer.generations import set_meta
from indexer.purge import purge
from indexer.reembed import reembed
from indexer.stores import Place
from pullquote import init
from tests.cluster import Postgres
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import draft, put
from tests.indexer.test_reembed import Short
from tests.milvus import MilvusLite

names = st.sampled_from("abc")
batches = st.lists(st.tuples(names, st.sampled_from(["khan", "khan met xi", "xi pledged roads to khan"])), max_size=4)
steps = st.lists(batches | names, min_size=1, max_size=6)  # a name alone: delete it


@pytest.fixture(params=["folder", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return tmp_path / "archive"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_what_is_kept_is_what_is_there(place: Place, history: Sequence[str | list[tuple[str, str]]]) -> None:
    archive = Archive(place, WordEmbedder(), create=True)
    for step in history:
        if isinstance(step, str):
            if archive.view().find(step):
                delete(archive, [step])
        else:  # the same article twice, even: the first is added and replaced at one sequence number
            commit(archive, [draft(archive, name, text) for name, text in step])
        assert counts.counts(archive.store) == counts.counted(archive.store)
        assert counts.kept(archive.store) is not None or archive.view().info.sequence == 0
    archive.close()


def test_asking_counts_nothing(place: Place, milvus: MilvusLite, monkeypatch: pytest.MonkeyPatch) -> None:
    init(place, milvus.url)
    archive = Archive(place, WordEmbedder())
    put(archive, "a", "khan met xi")
    put(archive, "b", "khan")
    delete(archive, ["b"])
    asked, rows = list[str](), type(archive.store).rows

    def noted(store: object, sql: str, parameters: object = ()) -> object:
        asked.append(sql)
        return rows(store, sql, parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(type(archive.store), "rows", noted)
    for other in (archive, Archive(place, WordEmbedder())):
        for info in (other.glance().info, other.view().info):
            assert (info.sequence, info.articles, info.passages, info.layout) == (3, 1, 2, "in Milvus")
        other.close()
    assert asked
    assert [sql for sql in asked if "count(" in sql] == []


def test_a_count_of_before_is_not_believed(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    put(archive, "a", "khan met xi")
    with archive.store.writing() as writing:  # as a version that keeps no count writes
        writing.rows("UPDATE article SET removed_seq = 2")
        writing.rows("UPDATE meta SET value = 2 WHERE key = 'sequence'")
    assert counts.kept(archive.store) is None
    assert counts.counts(archive.store) == Counts(2, 0, 0)
    put(archive, "b", "khan pledged roads to xi")
    assert counts.kept(archive.store) == Counts(3, 1, 3)
    purge(archive, ["b"])
    assert counts.kept(archive.store) == Counts(4, 0, 0) == counts.counted(archive.store)
    archive.close()


def test_the_passages_of_another_embedder_are_counted(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    put(archive, "a", "khan met xi and pledged")
    assert counts.counts(archive.store).passages == 3
    archive.close()
    archive = Archive(tmp_path / "archive", Short)
    assert reembed(archive, lambda _: None)
    assert counts.counts(archive.store) == counts.counted(archive.store)
    put(archive, "b", "khan")
    assert counts.kept(archive.store) == counts.counted(archive.store)
    archive.close()


def test_doctor_finds_a_wrong_count_and_mends_it(place: Place, milvus: MilvusLite) -> None:
    init(place, milvus.url)
    archive = Archive(place, WordEmbedder())
    put(archive, "a", "khan met xi")
    with archive.store.writing() as writing:
        set_meta(writing, [("counted", "[1, 7, 70]")])
    wrong = Archive(place, WordEmbedder())
    assert (wrong.view().info.articles, wrong.view().info.passages) == (7, 70)
    (check,) = [check for check in examine(wrong).checks if check.name == "view"]
    assert not check.ok
    assert "70 passages at sequence 1, but 1 articles and 2 passages are stored" in check.detail
    mend(wrong)
    assert examine(wrong).ok
    assert (archive.view().info.articles, archive.view().info.passages) == (1, 2)
    archive.close()
    wrong.close()
