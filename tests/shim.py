"""The library that lets system calls fail (`faults.c`): built by the machine's C compiler, loaded by LD_PRELOAD."""

from __future__ import annotations

import ctypes
import enum
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")


class Calls(enum.IntFlag):
    """Kinds of system calls that are counted, as in faults.c."""

    OPEN = 1
    WRITE = 2
    SYNC = 4
    RENAME = 8
    UNLINK = 16
    TRUNCATE = 32
    MKDIR = 64
    ANY = 127


def can_build() -> bool:
    """Whether this machine can have it: Linux, with a C compiler."""
    return sys.platform == "linux" and shutil.which("cc") is not None


@cache
def library() -> Path:
    """The compiled library, in a folder for temporary files."""
    made = Path(tempfile.mkdtemp(prefix="pullquote-faults-")) / "faults.so"
    command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return made


def killing(folder: Path, at: int, calls: Calls) -> dict[str, str]:
    """The environment of a process that is killed right after its `at`th call of these kinds under a folder."""
    faults = {
        "FAULT_UNDER": str(folder.resolve()),
        "FAULT_AT": str(at),
        "FAULT_KILL": "1",
        "FAULT_CALLS": str(int(calls)),
    }
    return {**os.environ, "LD_PRELOAD": str(library()), **faults}


def preloaded() -> bool:
    """Whether this process runs with the library."""
    return "faults.so" in os.environ.get("LD_PRELOAD", "")


def run_preloaded(arguments: list[str]) -> int:
    """Run this Python again, with the library, and return its exit code."""
    environment = {**os.environ, "LD_PRELOAD": str(library())}
    return subprocess.run([sys.executable, *arguments], env=environment, check=False).returncode


def arm(folder: Path, at: int, error: int, calls: Calls = Calls.ANY) -> None:
    """Let the `at`th call of these kinds from now on, under a folder, fail once with an error number."""
    own = ctypes.CDLL(None)
    own.fault_arm(str(folder.resolve()).encode(), ctypes.c_long(at), error, 0, int(calls))


def counted() -> int:
    """How many calls were counted since `arm`."""
    own = ctypes.CDLL(None)
    own.fault_count.restype = ctypes.c_long
    return int(own.fault_count())
