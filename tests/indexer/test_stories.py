from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import stories
from indexer.archive import Archive
from indexer.commit import commit, delete
from indexer.doctor import examine
from indexer.duplicates import NEAR, jaccard, shingles
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import draft

WORDS = [f"word{i}" for i in range(40)]
# Versions of one story, each some sentences longer, and an unrelated text.
TEXTS = {n: " ".join(WORDS[:n]) for n in (12, 18, 24, 31, 40)} | {0: "khan met xi in beijing on sunday"}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    yield made
    made.close()


def put(archive: Archive, **texts: str) -> None:
    commit(archive, [draft(archive, article_id, text) for article_id, text in texts.items()])


def named(archive: Archive) -> list[list[str]]:
    """The clusters as lists of ids."""
    view = archive.view()
    return [[view.article_at(row).id for row in cluster.members] for cluster in stories.clusters(view)]


def truth(texts: dict[str, str]) -> set[frozenset[str]]:
    """Connected components by definition: every pair compared, none found by its hash."""
    groups = [{name} for name in texts]
    for one, other in combinations(texts, 2):
        if jaccard(shingles(texts[one]), shingles(texts[other])) >= NEAR:
            touched = [group for group in groups if group & {one, other}]
            groups = [group for group in groups if group not in touched] + [set[str]().union(*touched)]
    return {frozenset(group) for group in groups if len(group) > 1}


def test_copies_and_versions_are_one_story_and_others_are_not(archive: Archive) -> None:
    put(archive, a=TEXTS[40], b=TEXTS[40], c=TEXTS[31], d=TEXTS[0])
    assert named(archive) == [["a", "b", "c"]]
    view = archive.view()
    rows = {article_id: view.row_of(article_id) for article_id in "abcd"}
    found = stories.story_of(view, rows.values())
    assert found[rows["a"]] == found[rows["b"]] == found[rows["c"]] != found[rows["d"]]


def test_a_chain_is_one_story_until_its_middle_goes(archive: Archive) -> None:
    assert jaccard(shingles(TEXTS[40]), shingles(TEXTS[24])) < NEAR
    put(archive, long=TEXTS[40], middle=TEXTS[31], short=TEXTS[24])
    assert named(archive) == [["long", "middle", "short"]]
    delete(archive, ["middle"])
    assert named(archive) == []
    put(archive, again=TEXTS[31])
    assert named(archive) == [["again", "long", "short"]]


def test_a_view_keeps_its_stories(archive: Archive) -> None:
    put(archive, a=TEXTS[40], b=TEXTS[31])
    before = archive.view()
    delete(archive, ["b"])
    assert len(stories.clusters(before)) == 1
    assert stories.clusters(archive.view()) == []


def test_the_first_published_comes_first_and_undated_ones_last(archive: Archive) -> None:
    dates = {"a": "2022-02-07", "b": "2022-02-06T10:00:00Z", "c": None, "d": "2022-02-06"}
    given = [draft(archive, key, TEXTS[40], **({"published_at": at} if at else {})) for key, at in dates.items()]
    commit(archive, given)
    assert named(archive) == [["d", "b", "a", "c"]]


def test_an_update_leaves_the_story_that_it_no_longer_tells(archive: Archive) -> None:
    put(archive, a=TEXTS[40], b=TEXTS[40])
    put(archive, b=TEXTS[0])
    assert named(archive) == []


histories = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from([None, *TEXTS])), min_size=1, max_size=8
)  # None deletes


@settings(max_examples=40, deadline=None)
@given(history=histories, reverse=st.booleans())
def test_clusters_hang_on_what_lives_alone(history: list[tuple[str, int | None]], reverse: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder) / "archive", WordEmbedder(), create=True)
        alive: dict[str, str] = {}
        for article_id, n in history:
            if n is not None:
                put(archive, **{article_id: TEXTS[n]})
                alive[article_id] = TEXTS[n]
            elif alive.pop(article_id, None):
                delete(archive, [article_id])
        assert {frozenset(cluster) for cluster in named(archive)} == truth(alive)
        fresh = Archive(Path(folder) / "fresh", WordEmbedder(), create=True)
        put(fresh, **dict(sorted(alive.items(), reverse=reverse)))
        assert named(fresh) == named(archive)
        archive.close()
        fresh.close()


def test_an_archive_of_an_older_version_is_read_as_it_is_and_filled_by_the_next_run(archive: Archive) -> None:
    put(archive, a=TEXTS[40], b=TEXTS[31], c=TEXTS[40])
    with archive.store.writing() as writing:
        writing.rows("DROP TABLE band; DROP TABLE near; DELETE FROM meta WHERE key = 'sketch'")
    assert named(archive) == [["a", "c"]]  # equal texts need no row
    assert examine(archive).ok
    assert stories.missing(archive.store) == 3
    assert stories.link_missing(archive) == 3
    assert stories.link_missing(archive) == 0
    assert named(archive) == [["a", "b", "c"]]


def test_hashes_of_another_sketch_are_made_anew(archive: Archive) -> None:
    put(archive, a=TEXTS[40], b=TEXTS[31])
    with archive.store.writing() as writing:
        writing.rows("UPDATE meta SET value = 'rensa:0' WHERE key = 'sketch'; UPDATE band SET hash = hash / 2")
    assert stories.missing(archive.store) == 2
    assert stories.link_missing(archive) == 2
    assert named(archive) == [["a", "b"]]


def test_the_rows_of_an_article_go_with_it(archive: Archive) -> None:
    """A purge deletes the article's row: what is stored beside it follows by itself."""
    put(archive, a=TEXTS[40], b=TEXTS[31])
    with archive.store.writing() as writing:
        row = writing.rows("SELECT rowid FROM article WHERE id = 'a'")[0][0]
        writing.rows("DELETE FROM vector WHERE passage IN (SELECT rowid FROM passage WHERE article = ?)", (row,))
        writing.rows("DELETE FROM passage WHERE article = ?", (row,))
        writing.rows("DELETE FROM origin WHERE article = ?", (row,))
        writing.rows("DELETE FROM article WHERE rowid = ?", (row,))
    assert archive.store.rows("SELECT count(*) FROM near") == [(0,)]
    assert archive.store.rows("SELECT count(*) FROM band WHERE article = ?", (row,)) == [(0,)]


def test_doctor_sees_a_link_that_leads_one_way(archive: Archive) -> None:
    put(archive, a=TEXTS[40], b=TEXTS[31])
    assert examine(archive).ok
    with archive.store.writing() as writing:
        writing.rows("DELETE FROM near WHERE article < other")
    assert [check.name for check in examine(archive).checks if not check.ok] == ["stories"]
