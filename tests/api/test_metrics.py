from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import logs
from api.app import create_app
from api.settings import Settings
from tests.api.conftest import HERE, server_in
from tests.api.nouns import VIEW
from tests.api.test_app import Held
from tests.api.test_routes_ask import QUESTION

ENGINES = ("store", "embedder", "dense", "lexical", "reader")


def values(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(pullquote_\S+) (\S+)$", text, re.MULTILINE)}


def test_what_was_done_is_counted(tmp_path: Path) -> None:
    with server_in(tmp_path / "archive") as client:
        for _ in range(2):
            client.post("/v1/ask", json={"question": QUESTION})
        client.post("/v1/ask", json={"question": QUESTION, "filters": {"source": ["Nobody"]}})
        client.post("/v1/batch", json={"questions": [{"id": 1, "question": QUESTION}, {"id": 2}]})
        client.post("/v1/ask", json={"question": ""})
        client.get("/v1/articles/bridge-1")
        client.get("/any/where")
        client.request("BREW", "/v1/ask")
        response = client.get("/metrics")
    found = values(response.text)
    assert response.headers["content-type"].startswith("text/plain")
    assert found['pullquote_requests_total{method="POST",route="/v1/ask",status="200"}'] == 3
    assert found['pullquote_requests_total{method="POST",route="/v1/ask",status="422"}'] == 1
    assert found['pullquote_requests_total{method="GET",route="/v1/articles/{article_id}",status="200"}'] == 1
    assert found['pullquote_requests_total{method="GET",route="none",status="404"}'] == 1
    assert found['pullquote_replies_total{outcome="answered"}'] == 3
    assert found['pullquote_replies_total{outcome="no_match"}'] == 1
    assert found['pullquote_stage_seconds_count{stage="read"}'] == 4
    counts = {engine: found[f'pullquote_engine_seconds_count{{engine="{engine}"}}'] for engine in ENGINES}
    assert counts == {"store": 5, "embedder": 4, "dense": 4, "lexical": 4, "reader": 4}  # the batch looks at its view
    spent = {engine: found[f'pullquote_engine_seconds_sum{{engine="{engine}"}}'] for engine in ENGINES}
    assert 0 < spent["reader"] <= found['pullquote_stage_seconds_sum{stage="read"}']
    assert 0 < spent["embedder"] + spent["dense"] <= found['pullquote_stage_seconds_sum{stage="search"}']
    assert found["pullquote_archive_articles"] == 3
    assert found["pullquote_archive_bytes"] > 10_000
    assert (found["pullquote_ready"], found["pullquote_queue_slots"], found["pullquote_queue_pending"]) == (1, 2, 0)
    assert "where" not in response.text, "what anyone may choose must not become a label"
    assert "BREW" not in response.text


def test_before_the_archive_is_loaded_there_are_counts_too() -> None:
    archive = Held()
    app = create_app(Settings(), archive)  # type: ignore[arg-type]
    with TestClient(app, "http://localhost", client=HERE) as client:
        found = values(client.get("/metrics").text)
        assert found["pullquote_ready"] == 0
        assert "pullquote_archive_articles" not in found
        archive.loaded.set()


@pytest.mark.parametrize(("level", "lines"), [("warnings", 0), ("requests", 3), ("questions", 3)])
def test_the_log_holds_no_question_unless_it_is_asked_for(
    level: logs.Level, lines: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logs.REQUESTS.parent
    assert logger
    before = (list(logger.handlers), logger.propagate, logs.REQUESTS.level)
    try:
        logs.start(level)
        archive = Held()
        archive.loaded.set()
        archive.free.set()
        archive.view_info = lambda: VIEW
        app = create_app(Settings(log=level), archive)  # type: ignore[arg-type]
        with TestClient(app, "http://localhost", client=HERE) as client:
            while client.get("/readyz").status_code == 503:
                pass
            capsys.readouterr()
            client.post("/v1/ask", json={"question": "Who is\nsecret?"})
            client.get("/v1/ask?question=secret")
            client.get("/x%0a%7b%22event%22:%22forged%22%7d?secret")
        said = capsys.readouterr().err
    finally:
        logger.handlers[:], logger.propagate = before[0], before[1]
        logs.REQUESTS.setLevel(before[2])
    rows = [row for row in map(json.loads, said.splitlines()) if row["path"] != "/readyz"]
    assert len(rows) == lines
    assert ("secret" in said) == (level == "questions")
    assert {row["event"] for row in rows} <= {"request"}
    for row in rows:
        assert {"at", "level", "request_id", "method", "route", "path", "status", "ms", "address"} <= set(row)
    if level == "questions":
        assert [row.get("question") for row in rows] == ["Who is\nsecret?", "secret", None]


def test_an_error_is_one_line_with_its_trace() -> None:
    import logging
    import sys

    try:
        raise ZeroDivisionError("a\nb")
    except ZeroDivisionError:
        record = logging.LogRecord("pullquote", logging.ERROR, "x", 1, "it failed:\n%s", ("\x1b[31m",), sys.exc_info())
    line = logs.Lines().format(record)
    assert "\n" not in line
    assert "\x1b" not in line
    row = json.loads(line)
    assert (row["level"], row["event"]) == ("error", "it failed:\n\x1b[31m")
    assert "ZeroDivisionError" in row["trace"]
