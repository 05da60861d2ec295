"""Change a question so that its context no longer answers it, in the ways that people do.

The kinds are those of Rajpurkar et al. 2018, table 1 (https://arxiv.org/abs/1806.03822): another entity, another
number, an antonym, a negation.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_PAIRS = """
first last; most least; more less; more fewer; before after; oldest newest; older younger; largest smallest;
larger smaller; biggest smallest; highest lowest; higher lower; increase decrease; increased decreased; rise fall;
won lost; win lose; began ended; begin end; start stop; started stopped; north south; east west; northern southern;
eastern western; early late; earlier later; longest shortest; best worst; male female; men women; true false;
accepted rejected; accept reject; supported opposed; support oppose; major minor; always never; inside outside;
above below; allowed forbidden; gained lost; buy sell; bought sold; maximum minimum; majority minority; public private;
positive negative; rural urban; ancient modern; import export; arrived left; built destroyed; created destroyed;
introduced abolished; include exclude; included excluded; common rare; strong weak; good bad; rich poor; new old;
happy unhappy; alive dead; born buried; same different; easy difficult; long short; many few; success failure
"""
_ANTONYMS = {a: b for pair in _PAIRS.replace("\n", " ").split(";") for a, b in [pair.split(), pair.split()[::-1]] if a}
_NEGATED = re.compile(r"\b(did|does|do|was|were|is|are|has|have|had|can|could|would|will|should)\b(?! not|n't)", re.I)
_NAME = re.compile(r"(?<![.?!\"“] )(?<!^)\b[A-Z][\w’'-]+(?: (?:of |the |de |von )?[A-Z][\w’'-]+)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\d\b|\b\d+\b")


def unanswerable(question: str, context: str, elsewhere: str, answers: list[str], rng: random.Random) -> str | None:
    """The question with one word or name changed so that `context` does not answer it; None where no way is found.

    elsewhere: text about the same subject, from which foreign names come. answers: never put into the question.
    """
    ways: list[Callable[[], str | None]] = [
        lambda: _swap(question, _NAME, _foreign(_NAME, context, elsewhere, question, answers, rng), rng),
        lambda: _swap(question, _NUMBER, _foreign(_NUMBER, context, elsewhere, question, answers, rng), rng),
        lambda: _antonym(question, rng),
        lambda: _negation(question),
    ]
    order = rng.sample(ways[:3], 3) + ways[3:]  # negation always works: alone, it would be all that is learnt
    if rng.random() < 0.1:
        order = order[::-1]
    return next((changed for way in order if (changed := way()) is not None), None)


def _foreign(
    shape: re.Pattern[str], context: str, elsewhere: str, question: str, answers: list[str], rng: random.Random
) -> str | None:
    """A name or number: half the time one of the context itself, as a trap, else one that the context lacks."""
    near = [word for word in dict.fromkeys(shape.findall(context)) if word not in question]
    far = [word for word in dict.fromkeys(shape.findall(elsewhere)) if word not in context and word not in question]
    pool = near if near and (not far or rng.random() < 0.5) else far
    barred = " ".join(answers).lower()
    pool = [word for word in pool if word.lower() not in barred and not any(a.lower() in word.lower() for a in answers)]
    return rng.choice(pool) if pool else None


def _swap(question: str, shape: re.Pattern[str], new: str | None, rng: random.Random) -> str | None:
    found = list(shape.finditer(question))
    if new is None or not found:
        return None
    old = rng.choice(found)
    if set(old.group().lower().split()) & set(new.lower().split()):
        return None  # "Obama" for "Barack Obama" would change nothing
    return question[: old.start()] + new + question[old.end() :]


def _antonym(question: str, rng: random.Random) -> str | None:
    found = [match for match in re.finditer(r"\b[a-z]+\b", question) if match.group() in _ANTONYMS]
    # "How many" and "how long" ask for a quantity: the word there says nothing of the fact
    found = [match for match in found if not re.search(r"\bhow $", question[: match.start()], re.I)]
    if not found:
        return None
    old = rng.choice(found)
    return question[: old.start()] + _ANTONYMS[old.group()] + question[old.end() :]


def _negation(question: str) -> str | None:
    match = _NEGATED.search(question)
    if match is None:
        return None
    short = {"can": "can't", "will": "won't"}.get(match.group().lower(), match.group().lower() + "n't")
    short = short.capitalize() if match.group()[0].isupper() else short
    return question[: match.start()] + short + question[match.end() :]
