"""Whether the files of a lexical index are whole, before its library parses them."""

from __future__ import annotations

import hashlib
import json
import mmap
import zlib
from pathlib import Path

CHECK = "pullquote-check"  # holds the SHA-256 of meta.json, which has no checksum of its own
_CHUNK = 1 << 20
_MAGIC = (1337).to_bytes(4, "little")


def sound(folder: Path) -> bool:
    """Whether meta.json is the one that was committed last, and every file of its segments has its CRC-32.

    tantivy ends each file with a footer (JSON with the CRC-32 of what is before it), its length and a magic number.
    A commit that was cut off before `sign` leaves another meta.json: the index counts as damaged and is rebuilt.
    """
    try:
        meta = (folder / "meta.json").read_bytes()
        if (folder / CHECK).read_text("ascii") != hashlib.sha256(meta).hexdigest():
            return False
        names = {segment["segment_id"].replace("-", "") for segment in json.loads(meta)["segments"]}
        files = [file for file in folder.iterdir() if file.name.split(".")[0] in names]
        held = {file.name.split(".")[0] for file in files}
        return held == names and all(_has_its_crc(file) for file in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def sign(folder: Path) -> None:
    """Note the meta.json that was just committed."""
    digest = hashlib.sha256((folder / "meta.json").read_bytes()).hexdigest()
    fresh = folder / f"{CHECK}.new"
    fresh.write_text(digest, "ascii")
    fresh.replace(folder / CHECK)


def _has_its_crc(file: Path) -> bool:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        if whole[-4:] != _MAGIC:
            return False
        end = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
        expected = json.loads(whole[end:-8])["crc"]
        crc = 0
        for start in range(0, end, _CHUNK):
            crc = zlib.crc32(whole[start : min(start + _CHUNK, end)], crc)
        return bool(crc == expected)
