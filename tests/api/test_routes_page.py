from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import pytest
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from api.routes.page import CLIENT, MEDIA_TYPES, ClientFiles

FILES = sorted(path.relative_to(CLIENT).as_posix() for path in CLIENT.rglob("*") if path.is_file())


def test_the_page_is_at_the_root(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.content == (CLIENT / "index.html").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_with_its_type(name: str, client: TestClient) -> None:
    response = client.get(f"/static/{name}")
    assert response.status_code == 200
    assert response.content == (CLIENT / name).read_bytes()
    assert response.headers["content-type"] == MEDIA_TYPES["." + name.rpartition(".")[2]]


def test_what_the_page_loads_is_there(client: TestClient) -> None:
    class Links(HTMLParser):
        found: ClassVar[list[str]] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            wanted = "src" if tag == "script" else "href" if tag == "link" else ""
            self.found.extend(value for name, value in attrs if name == wanted and value)

    parser = Links()
    parser.feed(client.get("/").text)
    assert parser.found
    for link in parser.found:
        assert link.startswith("/"), "a third party's"
        assert client.get(link).status_code == 200, link


def test_an_unchanged_file_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/static/style.css")
    again = client.get("/static/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/.",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/index.html%00.js",
        "/static/__pycache__",
        "/static/" + "a" * 5000 + ".js",
    ],
)
def test_nothing_else_is_served(path: str, client: TestClient) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_files_of_other_kinds_are_not_there(tmp_path: Path) -> None:
    for name in ("page.css", "keys.json.bak", "secret.py", ".env", "noend"):
        (tmp_path / name).write_text("x")
    client = TestClient(ClientFiles(directory=tmp_path))
    assert client.get("/page.css").status_code == 200
    for name in ("keys.json.bak", "secret.py", ".env", "noend"):
        with pytest.raises(HTTPException, match="404"):
            client.get(f"/{name}")


def test_any_site_may_load_the_widget_and_nothing_else(client: TestClient) -> None:
    widget = client.get("/widget.js", headers={"Origin": "https://news.example"})
    assert widget.content == (CLIENT / "widget.js").read_bytes()
    assert widget.headers["content-type"] == "text/javascript; charset=utf-8"
    assert widget.headers["access-control-allow-origin"] == "*"
    assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
    assert widget.headers["x-content-type-options"] == "nosniff"
    page = client.get("/", headers={"Origin": "https://news.example"})
    assert "access-control-allow-origin" not in page.headers
    assert page.headers["cross-origin-resource-policy"] == "same-origin"


def test_no_page_of_others_documents_the_api(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert client.get(path).status_code == 404
