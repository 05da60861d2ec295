"""The tools, listed and called with the client of the official SDK, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from starlette.testclient import TestClient

from api.app import create_app
from api.keyrings import FileRing
from api.keys import Keys
from api.mcp import mounted
from api.settings import Settings
from pullquote import Archive
from tests.api.browser import serve
from tests.api.conftest import client_of

PLEDGE = "What did Xi pledge?"


@pytest.fixture(scope="module")
def folder(seeds: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of `make demo`, a copy that keys can be made for."""
    return seeds.backup(tmp_path_factory.mktemp("tools") / "archive")


async def use(client: Client) -> None:
    """Everything a client does: list the tools, call each, and meet the errors."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"search", "fetch", "ask"}
    for tool in tools.values():
        assert tool.description
        assert len(tool.description) > 60
        assert tool.output_schema
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert all(one.get("description") for one in tool.input_schema["properties"].values())
    assert client.instructions

    found = await called(client, "search", query="Imran Khan Beijing Olympics")
    rows = found["results"]
    assert 1 <= len(rows) <= 10
    assert len({row["id"] for row in rows}) == len(rows), "one row an article"
    assert {"id", "title", "url", "text"} <= set(rows[0])

    article = await called(client, "fetch", id=rows[0]["id"])
    assert set(article) == {"id", "title", "text", "url", "metadata"}
    assert rows[0]["text"] in article["text"]

    reply = await called(client, "ask", question=PLEDGE)
    assert reply["answered"]
    best = reply["answers"][0]
    assert best["quote"].startswith("closer cooperation under the China-Pakistan Economic Corridor")
    source = await called(client, "fetch", id=best["article_id"])
    assert source["text"][best["start"] : best["end"]] == best["quote"]
    assert source["metadata"]["sha256"] == best["sha256"]

    nothing = await called(client, "ask", question=PLEDGE, since="2090")
    assert (nothing["answered"], nothing["reason"], nothing["answers"]) == (False, "no_match", [])

    missing = await client.call_tool("fetch", {"id": "no-such-article"})
    assert missing.is_error
    assert "no-such-article" in json.dumps([part.model_dump() for part in missing.content])
    assert (await client.call_tool("ask", {"question": PLEDGE, "since": "soon"})).is_error
    assert (await client.call_tool("search", {"query": "x", "top_k": 1000})).is_error


async def called(client: Client, tool: str, **arguments: object) -> Any:  # noqa: ANN401 JSON
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    [part] = result.content
    assert json.loads(part.text) == result.structured_content  # type: ignore[union-attr]  # for those that read only text
    return result.structured_content


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(120):
            await work()

    asyncio.run(limited())


def test_over_stdio(folder: Path) -> None:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "api.cli", "mcp", "--archive", str(folder)], cwd=Path(__file__).parents[2]
    )

    async def work() -> None:
        async with Client(stdio_client(command)) as client:
            await use(client)

    run(work)


def test_over_http_with_a_key(folder: Path) -> None:
    _, token = Keys(FileRing(folder)).create("a program", "search", [], None)
    app = create_app(Settings(archive=folder), tools=mounted)

    async def work(address: str) -> None:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
            Client(streamable_http_client(f"{address}/mcp", http_client=http)) as client,
        ):
            await use(client)

    with serve(app) as address:
        run(lambda: work(address))
        (folder / "keys.json").unlink()


def test_without_a_key_no_tool_is_told(folder: Path) -> None:
    Keys(FileRing(folder)).create("", "admin", [], None)
    app = create_app(Settings(archive=folder), tools=mounted)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    try:
        with client_of(app) as client:
            refused = client.post("/mcp", json=body, headers=accept)
            assert (refused.status_code, refused.json()["type"]) == (401, "urn:pullquote:key-missing")
            foreign = client.post("/mcp", json=body, headers={**accept, "Origin": "https://evil.example"})
            assert foreign.status_code == 403
            assert client.get("/mcp").status_code == 401
    finally:
        (folder / "keys.json").unlink()


def test_it_is_not_there_unless_it_is_asked_for(client: TestClient) -> None:
    assert client.post("/mcp", json={}).status_code == 404


def test_serving_without_tools_does_not_load_the_sdk() -> None:
    code = "import sys, api.serve, api.app; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
