from __future__ import annotations

import threading
from pathlib import Path

from indexer.archive import Archive
from indexer.commit import delete
from indexer.types import Filters
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import put

N = 60


def test_a_writer_beside_readers_fails_none_and_shows_nothing_that_was_deleted(tmp_path: Path) -> None:
    """Odd articles come and stay, even ones come and go; each text names its own id: a mixed state would show."""
    archive = Archive(tmp_path / "archive", WordEmbedder(), create=True)
    other = Archive(archive.folder, WordEmbedder())  # as another process would open it
    deleted: set[str] = set()  # acknowledged
    stop, failures, searches = threading.Event(), [], [0, 0, 0]

    def read(n: int, opened: Archive) -> None:
        try:
            while not stop.is_set():
                gone = set(deleted)
                view = opened.view()
                found = view.lexical.search("khan", 1000, Filters())
                found += view.dense.search(opened.embedder.encode_query("khan"), 1000)
                articles = [view.article_at(place.article) for place in view.passages([row for row, _ in found])]
                assert all(article.text == f"khan {article.id}" for article in articles)
                assert not gone & {article.id for article in articles}
                assert len({article.id for article in articles}) == view.info.articles
                searches[n] += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read, args=(n, archive if n else other)) for n in range(3)]
    for thread in threads:
        thread.start()
    for i in range(N):
        put(archive, f"a{i}", f"khan a{i}")
        if i % 2 == 0:
            delete(archive, [f"a{i}"])
            deleted.add(f"a{i}")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert min(searches) > 0
    assert archive.view().info.articles == N // 2
    other.close()
    archive.close()
