from __future__ import annotations

import hmac
import json
import stat
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from api import cli
from api.keyrings import STALE, FileRing, ring_of
from api.keys import Keys, Ring, moment_of, origin_of
from api.refusals import KeysUnreadable, NotReady
from api.settings import Settings
from indexer.errors import ArchiveBusy, ArchiveUnavailable, InvalidInput
from indexer.files import kernel_lock
from indexer.stores import open_store
from pullquote import Archive, init
from tests.cluster import Postgres

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["folder", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty archive."""
    place = str(tmp_path / "archive") if request.param == "folder" else request.getfixturevalue("postgres").fresh()
    init(place)
    return str(place)


@pytest.fixture
def ring(place: str) -> Iterator[Callable[[], Ring]]:
    """Opens what keeps its keys, as another process would."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(ring_of(Settings(archive=place))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Archive(tmp_path / "archive", create=True):
        return tmp_path / "archive"


def test_a_key_is_found_and_its_secret_is_nowhere(tmp_path: Path) -> None:
    keys = Keys(FileRing(tmp_path))
    assert not keys.exist()
    made, token = keys.create("the widget", "search", ["https://News.example/"], "30d")
    file = tmp_path / "keys.json"
    assert Keys(FileRing(tmp_path)).find(token) == made
    assert (made.scope, made.origins, made.name) == ("search", ("https://news.example",), "the widget")
    assert token not in file.read_text()
    assert token.rpartition("_")[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(token) == len("pq_12345678_") + 43


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.upper(), lambda t: "", lambda t: "é"]
)
def test_what_is_almost_a_key_is_none(change: object, tmp_path: Path) -> None:
    keys = Keys(FileRing(tmp_path))
    _, token = keys.create("", "admin", [], None)
    assert keys.find(change(token)) is None  # type: ignore[operator]
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert keys.find(other) is None


def test_another_process_sees_a_new_key_and_a_revoked_one_at_once(ring: Callable[[], Ring]) -> None:
    served, told = Keys(ring()), Keys(ring())
    assert not served.exist()
    made, token = told.create("the widget", "search", ["https://news.example"], "30d")
    assert served.find(token) == made
    assert served.origins(datetime.now(UTC)) == {"https://news.example"}
    others = [told.create(str(number), "write", [], None)[0] for number in range(3)]
    assert served.all() == [made, *others]
    told.revoke(made.id)
    assert served.find(token) is None
    for one in others:
        served.revoke(one.id)
    assert told.all() == []
    assert served.exist(), "the archive must not be open to everyone because its last key was revoked"


def test_a_key_has_an_end(ring: Callable[[], Ring]) -> None:
    made, _ = Keys(ring()).create("", "search", [], "12h")
    assert not made.is_expired(datetime.now(UTC) + timedelta(hours=11, minutes=59))
    assert made.is_expired(datetime.now(UTC) + timedelta(hours=12))
    endless, _ = Keys(ring()).create("", "search", [], None)
    assert not endless.is_expired(NOW + timedelta(days=36_500))


def test_a_server_asks_its_database_beside_its_requests(postgres: Postgres) -> None:
    url = postgres.fresh()
    init(url)
    with closing(ring_of(Settings(archive=url))) as ring, closing(ring_of(Settings(archive=url))) as other:
        served, (made, token) = Keys(ring), Keys(other).create("", "search", [], None)
        ring.follow()
        until(lambda: served.find(token) == made)
        postgres.stop()
        try:
            time.sleep(2 * STALE)
            began = time.monotonic()
            assert served.find(token) == made  # nobody waits for it, and nobody else gets in
            assert served.find(token[:-1]) is None
            assert time.monotonic() - began < 0.1
        finally:
            postgres.start()
        until(lambda: _revoked(other, made.id))
        began = time.monotonic()
        until(lambda: served.find(token) is None)
        assert time.monotonic() - began < STALE + 5  # seconds of a busy machine
        with closing(open_store(url)) as store:
            store.rows("UPDATE access_key SET scope = 'x'")
            store.rows("INSERT INTO access_key(id, name, scope, origins, created, sha256) VALUES ('a','','x','','','')")
            store.rows("UPDATE meta SET value = 'broken' WHERE key = 'keys'")
        until(lambda: _raises(KeysUnreadable, served.exist))


def test_before_a_database_was_asked_nobody_gets_in(postgres: Postgres) -> None:
    url = postgres.fresh()
    init(url)
    postgres.stop()
    try:
        with closing(ring_of(Settings(archive=url))) as ring:
            ring.follow()
            with pytest.raises((NotReady, ArchiveUnavailable)):
                Keys(ring).exist()
            until(lambda: _raises(ArchiveUnavailable, Keys(ring).exist))
    finally:
        postgres.start()


def test_a_server_goes_on_asking_whatever_its_database_says(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd:
        said = 0

        def meta(self, key: str) -> None:
            self.said += 1
            if self.said == 1:
                raise RuntimeError("so it is")

        def rows(self, sql: str) -> list[object]:
            return []

        def close(self) -> None:
            pass

    monkeypatch.setattr("api.keyrings.open_store", lambda _: Odd())
    with closing(ring_of(Settings(archive="postgresql://nowhere/news"))) as ring:
        ring.follow()
        until(lambda: ring.read() is None)


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if happens():
                return
        except NotReady:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _revoked(ring: Ring, key: str) -> bool:
    try:
        return Keys(ring).revoke(key).id == key
    except ArchiveUnavailable:  # it has just come back
        return False


def _raises(error: type[Exception], look: Callable[[], object]) -> bool:
    try:
        look()
    except error:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30d", "2026-01-31T00:00:00Z"),
        ("1h", "2026-01-01T01:00:00Z"),
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2027-01-31T10:00:00+05:30", "2027-01-31T04:30:00Z"),
    ],
)
def test_ends_that_are_understood(text: str, moment: str) -> None:
    assert moment_of(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "x", "0d", "-1d", "99999999d", "2025-12-31", "d", "2027-13-01"])
def test_ends_that_are_not(text: str) -> None:
    with pytest.raises(InvalidInput, match="expires"):
        moment_of(text, NOW)


def test_origins() -> None:
    assert origin_of("HTTPS://News.Example:443/") == "https://news.example"
    assert origin_of("http://localhost:8080") == "http://localhost:8080"
    for text in ("news.example", "*", "https://*.example", "https://a/b", "null", "", "https://a b", "javascript://x"):
        with pytest.raises(InvalidInput, match="origin"):
            origin_of(text)


def test_a_key_of_a_page_can_only_search(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can only search"):
        Keys(FileRing(tmp_path)).create("", "write", ["https://news.example"], None)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": 5}', '{"keys": [{"id": "x"}]}', "\0"])
def test_a_broken_file_lets_nobody_in(content: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(content)
    for look in (
        lambda: Keys(FileRing(tmp_path)).exist(),
        lambda: Keys(FileRing(tmp_path)).find("pq_x"),
        lambda: Keys(FileRing(tmp_path)).all(),
    ):
        with pytest.raises(KeysUnreadable):
            look()


def test_two_who_write_do_not_lose_a_key(tmp_path: Path) -> None:
    with kernel_lock(tmp_path / "keys.lock") as mine:
        assert mine
        with pytest.raises(ArchiveBusy):
            Keys(FileRing(tmp_path)).create("", "search", [], None)


def test_finding_takes_as_long_for_any_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is right in its first half must not take longer to refuse than one that is wrong at once."""
    compared: list[tuple[int, int]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr("api.keys.hmac", SimpleNamespace(compare_digest=compare))
    keys = Keys(FileRing(tmp_path))
    _, token = keys.create("", "search", [], None)
    tries = {
        "near": token[:-1] + ("A" if token[-1] != "A" else "B"),
        "far": token[:12] + "A" * 43,
        "none": "pq_00000000_" + "A" * 43,
    }
    assert [keys.find(one) for one in [*tries.values(), "no key at all"]] == [None] * 4
    assert compared == [(64, 64)] * 4, "whole hashes, in constant time, whatever was sent"
    monkeypatch.undo()
    times: dict[str, list[float]] = {name: [] for name in tries}
    for _ in range(3000):
        for name, one in tries.items():
            began = time.perf_counter()
            keys.find(one)
            times[name].append(time.perf_counter() - began)
    medians = [statistics.median(spent) for spent in times.values()]
    assert max(medians) < 1.5 * min(medians)


def test_the_command_line_makes_lists_and_revokes(
    place: str,
    ring: Callable[[], Ring],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    where = ["--archive", place]
    assert cli.main(["keys", "list", *where]) == 1
    assert cli.main(["keys", "create", *where, "--origin", "https://news.example", "--name", "widget"]) == 0
    token = capsys.readouterr().out.strip()
    key = Keys(ring()).find(token)
    assert key
    assert cli.main(["keys", "create", "--json", *where, "--scope", "write", "--expires", "30d"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["scope"] == "write"
    assert Keys(ring()).find(second["key"])
    assert cli.main(["keys", "list", *where]) == 0
    first = f"{key.id}\tsearch\tnever\thttps://news.example\twidget\n"
    assert capsys.readouterr().out == f"{first}{second['id']}\twrite\t{second['expires']}\tanywhere\t\n"
    assert cli.main(["keys", "list", "--json", *where]) == 0
    assert "sha256" not in capsys.readouterr().out
    assert cli.main(["keys", "revoke", key.id, *where]) == 0
    assert cli.main(["keys", "revoke", key.id, *where]) == 2
    assert "there is no key" in capsys.readouterr().err
    assert Keys(ring()).find(token) is None
    rows = [json.loads(line) for line in (Settings(archive=place).folder / "audit.jsonl").read_text().splitlines()]
    assert [(row["action"], row["key"]) for row in rows] == [
        ("create key", key.id),
        ("create key", second["id"]),
        ("revoke key", key.id),
    ]


def test_keys_of_no_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "create", "--archive", str(tmp_path / "none")]) == 3
    assert not (tmp_path / "none").exists()
