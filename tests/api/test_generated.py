"""What clients are generated from; `make client` generates one and runs the guide's example."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from tests.api.generated import example


def test_the_document_has_what_the_example_imports(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    code = example("http://127.0.0.1:8000", "pq_1")
    operations = {found["operationId"]: found["tags"] for path in document["paths"].values() for found in path.values()}
    assert re.findall(r"^from pullquote_client.api.(\w+) import (\w+)$", code, re.MULTILINE) == [("questions", "ask")]
    assert operations["ask"] == ["questions"]
    [models] = re.findall(r"^from pullquote_client.models import (.*)$", code, re.MULTILINE)
    assert set(models.split(", ")) <= document["components"]["schemas"].keys()


def test_every_operation_has_a_name_of_its_own(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    names = [found["operationId"] for path in document["paths"].values() for found in path.values()]
    assert len(names) == len(set(names)) > 10
    assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
