"""What is served is hashed anew in the background."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from api import service as serving
from api.service import Service
from api.settings import Settings
from pullquote import Archive
from tests.fakes import WordEmbedder
from tests.indexer.test_recheck import flip_unseen, sealed


class Fake(Archive):
    """An archive that is served without models."""

    def load(self) -> None:
        self._archive.view()


def test_a_server_finds_damage_that_does_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pullquote.load_embedder", lambda *_: WordEmbedder())
    monkeypatch.setattr(serving, "RECHECK_FIRST", 0.05)
    made, _ = sealed(tmp_path)
    made.close()
    flip_unseen(next((tmp_path / "archive" / "dense").rglob("vectors.faiss")), monkeypatch)
    served = Service(lambda: Fake(tmp_path / "archive"), Settings(archive=tmp_path / "archive"))
    with caplog.at_level(logging.WARNING, "pullquote"):
        served.start()
        deadline = time.monotonic() + 60
        while "is damaged: it is read from the store" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.02)
        archive = served.stop()
    assert "is damaged: it is read from the store; run `pullquote doctor --repair`" in caplog.text
    assert archive is not None
    archive.close()
    assert not [thread for thread in (served._thread, served._checking) if thread is None or thread.is_alive()]
