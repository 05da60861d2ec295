"""Damage behind a file that looks as it did: found while the archive is in use, and gone around."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from indexer.archive import Archive
from indexer.recheck import recheck
from indexer.seal import settle
from tests.fakes import WordEmbedder
from tests.indexer.test_archive import contents, lexical_ids, put


def sealed(folder: Path) -> tuple[Archive, dict[str, str]]:
    archive = Archive(folder / "archive", WordEmbedder(), create=True)
    texts = {f"a{i}": f"khan met xi a{i}" for i in range(20)}
    for article_id, text in texts.items():
        put(archive, article_id, text)
    settle(archive, force=True)
    return archive, texts


def flip_unseen(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change a byte near the end; the file then looks as it did, as after damage on the disk itself."""
    before, stat = file.stat(), os.stat
    with file.open("r+b") as opened:
        opened.seek(-200 if file.suffix != ".npy" else -8, os.SEEK_END)
        byte = opened.read(1)
        opened.seek(-1, os.SEEK_CUR)
        opened.write(bytes([byte[0] ^ 1]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    name = str(file)

    def looks(path: Path, **options: bool) -> os.stat_result:
        return before if str(path) == name else stat(path, **options)

    monkeypatch.setattr(Path, "stat", looks)


@pytest.mark.parametrize("kind", ["dense", "lexical"])
def test_damage_that_does_not_show_is_found_and_read_from_the_store(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    archive, texts = sealed(tmp_path)
    assert recheck(archive, lambda seconds: False) == []
    query = WordEmbedder().encode_query("khan a7")
    before = archive.view().dense.search(query, 20)
    files = (archive.folder / kind).rglob("*.faiss" if kind == "dense" else "*.store")
    file = max(files, key=lambda file: file.stat().st_size)
    flip_unseen(file, monkeypatch)
    again = Archive(archive.folder, WordEmbedder())
    again.view()
    assert not caplog.records  # it looks as it did: it was trusted
    with caplog.at_level(logging.WARNING, "pullquote"):
        assert recheck(again, lambda seconds: False) == [f"{kind}/{file.parent.name}"]
    assert "run `pullquote doctor --repair`" in caplog.text
    assert contents(again.view()) == texts
    assert lexical_ids(again.view(), "khan") == set(texts)
    assert again.view().dense.search(query, 20) == before
    again.close()
    archive.close()


def test_what_is_told_to_end_ends_after_a_file(tmp_path: Path) -> None:
    archive, _ = sealed(tmp_path)
    rests: list[float] = []

    def rest(seconds: float) -> bool:
        rests.append(seconds)
        return True

    assert recheck(archive, rest) == []
    assert len(rests) == 1
    archive.close()
