from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

# Threads that live at once, each of which keeps a little: without the bound, glibc gives each a heap of its own.
_THREADS = """
import ctypes, sys, threading
from api.arenas import bound_arenas
told = len(sys.argv) < 2 or bound_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
here = threading.Barrier(8)
def work():
    libc.malloc(1000)
    here.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
libc.malloc_stats()
assert told
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has heaps by thread")
def test_threads_share_two_heaps() -> None:
    def heaps(*arguments: str) -> int:
        done = subprocess.run([sys.executable, "-c", _THREADS, *arguments], capture_output=True, text=True, check=True)
        return len(re.findall(r"^Arena \d+:", done.stderr, re.MULTILINE))

    assert heaps("bound") <= 2 < heaps()
