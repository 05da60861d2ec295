"""Put the names of who did it into questions that say "someone": "What did someone pledge?" -> "What did Xi pledge?".

QA-SRL (He et al. 2015, FitzGerald et al. 2018) asks by template, one predicate at a time; the answer to "Who pledged
something?" is the name that its other questions leave out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from reader.train.squad import Example

_SUBJECT = re.compile(
    r"\b(did|does|do|has|had|have|will|would|might|may|can|could|should|is|was)(n't| not)? someone\b(?! else)", re.I
)
_WHO = re.compile(r"^Who (?!was |is |were |are |has been |had been |will be |did |does |do |didn't |doesn't )[^?]*\?$")
_TOLD = re.compile(r"^Who (said|says|told|announced|stated|added|claimed|argued|explained|warned) something\?$")
_PASSIVE = re.compile(r"\b(is|was|been|be|being)\b.*ed\b")
_LONGEST_NAME = 40  # characters; more is no name but a clause


def named(examples: Iterable[Example]) -> list[Example]:
    """The same examples, "someone" replaced by the name where the predicate's own who-question tells it."""
    predicates: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        predicates[_predicate(example)].append(example)
    return [_named(example, group) for group in predicates.values() for example in group]


def _predicate(example: Example) -> str:
    """Wiki1k:wikinews:1823406:15:0#6#8 is question 8 on the word 6 of a sentence; other ids stand alone."""
    head, mark, _ = example.id.rpartition("#")
    return head if mark else example.id


def _named(example: Example, group: list[Example]) -> Example:
    if _TOLD.match(example.question):
        words = _answer(group, re.compile(r"^What (did|does|has) someone \w+\?$"), max)
        if words is not None and len(words.split()) > 3 and _answer_text(example) not in words:
            quoted = words.strip('"“”')
            return example._replace(question=example.question.replace("something", f'"{quoted}"'))
        return example
    match = _SUBJECT.search(example.question)
    if match is None or _PASSIVE.search(example.question):
        return example
    name = _answer(group, _WHO, min)
    if name is None or len(name) > _LONGEST_NAME or name in [example.context[slice(*s)] for s in example.answers]:
        return example
    first, rest = name[:1], name[1:]
    name = first.lower() + rest if name.split()[0] in {"The", "A", "An", "He", "She", "They", "It", "We"} else name
    asked = example.question
    return example._replace(question=asked[: match.end() - len("someone")] + name + asked[match.end() :])


def _answer(group: list[Example], shape: re.Pattern[str], choose: object) -> str | None:
    found = [
        example.context[slice(*span)] for example in group if shape.match(example.question) for span in example.answers
    ]
    if not found:
        return None
    return max(found, key=len) if choose is max else min(found, key=len)


def _answer_text(example: Example) -> str:
    return example.context[slice(*example.answers[0])] if example.answers else "\0"
