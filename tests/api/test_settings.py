from __future__ import annotations

from inspect import signature
from pathlib import Path

import pytest

import pullquote
from api.settings import Settings
from indexer.errors import InvalidInput


def test_the_defaults_are_those_of_the_python_door() -> None:
    settings = Settings()
    of_archives = signature(pullquote.Archive).parameters
    assert (settings.embedder, settings.reader) == (of_archives["embedder"].default, of_archives["reader"].default)
    assert (settings.archive, settings.models) == (Path("archive"), None)
    assert (settings.host, settings.port, settings.allowed_hosts) == ("127.0.0.1", 8000, ())


def test_what_is_given_wins_over_the_environment_and_that_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLQUOTE_PORT", "8080")
    monkeypatch.setenv("PULLQUOTE_HOST", "")  # as unset
    assert Settings().port == 8080
    assert Settings(port=9000).port == 9000
    assert Settings().host == "127.0.0.1"


def test_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLQUOTE_ALLOWED_HOSTS", "News.example, archive.news.example,[fe80::1],")
    assert Settings().allowed_hosts == ("news.example", "archive.news.example", "[fe80::1]")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "70000"),
        ("ALLOWED_HOSTS", "https://news.example"),
        ("ALLOWED_HOSTS", "news.example:80"),
        ("ALLOWED_HOSTS", "*"),
    ],
)
def test_a_value_that_cannot_be_taken_is_told_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"PULLQUOTE_{name}", value)
    with pytest.raises(InvalidInput, match=f"PULLQUOTE_{name}: .*change it or unset it"):
        Settings()
