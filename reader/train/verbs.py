"""Verbs of saying and promising by what they mean: which one can stand for another, and which one cannot.

Knowing that what somebody expressed is not what somebody pledged is half of answering "What did Xi pledge?" right.
"""

from __future__ import annotations

from collections.abc import Set

# Verbs of one kind mean the same deed, and what is done by one of them is not what was done by another kind.
_KINDS = (
    ("pledge", "promise", "vow"),
    ("demand",),
    ("condemn", "denounce", "criticise", "criticize"),
    ("praise", "commend"),
    ("threaten",),
    ("deny",),
    ("propose",),
)
# These do none of it, so that their object is no answer to questions with a verb of the kinds above.
_OTHERS = frozenset(
    ("describe", "discuss", "emphasise", "emphasize", "explain", "express", "highlight", "note", "question", "recall",
     "stress", "underline")
)  # fmt: skip
# What else tells of a deed, beside the verbs for it: a text that has one of these is not asked for it.
_SIGNS = {"pledge": {"guarantee", "ensure", "commit"}, "praise": {"thank", "applaud", "welcome"}, "condemn": {"blame"}}


def alike(verb: str, turn: float) -> str:
    """A verb that can stand for this one, by chance itself. turn: in [0, 1), chooses."""
    kind = next((kind for kind in _KINDS if verb in kind), (verb,))
    return kind[int(turn * len(kind))]


def undone(verb: str, text: Set[str], turn: float) -> str | None:
    """A verb for a deed that a text does not tell of; None: what has this verb for a predicate may be such a deed.

    text: the lemmas of all its words. turn: in [0, 1), chooses.
    """
    if verb not in _OTHERS and not any(verb in kind for kind in _KINDS):
        return None
    left = [kind[0] for kind in _KINDS if not text & {*kind, *_SIGNS.get(kind[0], ())}]
    return left[int(turn * len(left))] if left else None
