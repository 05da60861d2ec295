"""How alike two articles are: MinHash over word shingles (Broder 1997), verified. The only module that imports rensa.

Near-duplicates are one story in nearly the same words: a copy on another page, a wire story that an editor cut, a later
version. Texts that share a band hash are candidates; what counts is the exact Jaccard similarity of their shingles.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

from rensa import RMinHash

from indexer.types import Block

# Chosen by reading pairs (docs/duplicates.md): from here on nearly all pairs are versions of one story.
NEAR = 0.7
_WORDS = 3  # in a shingle
_BANDS, _ROWS = 16, 4  # two texts of similarity s share a band with probability 1 - (1 - s^4)^16: .89 at .6, .99 at .7
_SEED = 1
_WORD = re.compile(r"\w+")
_TOLD = ("body", "summary")  # captions of one gallery stand under many stories

# Names all that decides a band hash: where it differs from the archive's, the hashes are made anew.
SKETCH = f"rensa:{RMinHash.ALGORITHM_VERSION}:{_SEED}:{_WORDS}:{_BANDS}x{_ROWS}"


def told(text: str, blocks: Iterable[Block]) -> str:
    """What an article says in its body and summary; all of its text where it has neither."""
    parts = [text[block.start : block.end] for block in blocks if block.kind in _TOLD]
    return "\n".join(parts) if parts else text


def shingles(text: str) -> frozenset[str]:
    """Every run of three words, whatever their case and the marks between them.

    A shorter text is one shingle, a text without a word is itself one: no text is without any.
    """
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    if len(words) <= _WORDS:
        return frozenset([" ".join(words) or text])
    return frozenset(" ".join(words[i : i + _WORDS]) for i in range(len(words) - _WORDS + 1))


def bands(found: frozenset[str]) -> list[int]:
    """The band hashes of some shingles: 16 whole numbers of 64 bits, signed, the same on every machine."""
    sketch = RMinHash(num_perm=_BANDS * _ROWS, seed=_SEED)
    sketch.update(list(found))  # a set: the least hashes do not hang on the order
    digest = sketch.digest()
    rows = (digest[at * _ROWS : (at + 1) * _ROWS] for at in range(_BANDS))
    return [_hash(at, row) for at, row in enumerate(rows)]


def _hash(band: int, row: list[int]) -> int:
    packed = struct.pack(f"<{1 + _ROWS}I", band, *row)
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little", signed=True)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of the shingles of either that both have, in [0, 1]: Jaccard 1912."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def share(part: frozenset[str], whole: frozenset[str]) -> float:
    """How much of `part` stands in `whole`, in [0, 1]: Broder's containment."""
    return len(part & whole) / len(part) if part else 0.0
