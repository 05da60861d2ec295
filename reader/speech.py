"""What someone said is quoted whole: where the answer lies inside quotation marks, all that stands between them."""

from __future__ import annotations

import re

from reader.words import Words

Verbs = re.Pattern[str]

_MARKS = {'"': '"', "“": "”", "«": "»"}
_EVERY_MARK = frozenset((*_MARKS, *_MARKS.values()))
# The longest quotation that is taken whole, in words and marks: 40 to 70 do alike on the tune halves, 90 worse.
_LONGEST = 70

# Verbs of saying, promising and demanding.
_VERBS = (
    "acknowledge|add|admit|advise|agree|allege|announce|argue|ask|assert|call|claim|comment|conclude|confirm|contend|"
    "declare|demand|deny|direct|emphasise|emphasize|encourage|expect|explain|highlight|hope|insist|instruct|intend|"
    "mention|note|offer|order|pledge|predict|promise|propose|reaffirm|recall|recommend|reiterate|report|request|reveal|"
    "say|state|stress|suggest|tell|threaten|tweet|underline|urge|vow|warn|write"
)
# All of a quotation is what someone said, "we no longer say that …" too; not all of it is what they warned of.
_SAID_ALL = frozenset(("say", "tell", "write", "tweet", "add", "comment"))
_WHAT = re.compile(r"\W*what (?:else )?(?:did|does|do|will|would|has|have|had) ", re.IGNORECASE)
# In lower case, and no noun: neither "the United States" nor "the state of Texas".
_VERB = re.compile(
    rf"(?<! the)(?<! a)(?<! an)(?<! its)(?<! his)(?<! her)(?<! their) (?:\w+ly )?({_VERBS})(?:d|ed|s|es)?\b"
)
# A subject with one of these holds a clause of its own: "What did the man who wrote it eat?"
_CLAUSE = re.compile(
    r"\b(?:that|which|who|whom|think|say|tell|believe|want|was|is|were|are|would|will)\b", re.IGNORECASE
)
# What may follow the verb without being a question of its own, as in "What did she say was stolen?"
_AROUND = re.compile(
    r"(?:about|after|against|as|at|before|by|concerning|during|for|from|in|of|on|over|regarding|to|when|with"
    r"|\w+ly|last|this|yesterday|today|tomorrow|\w+day)\b",
    re.IGNORECASE,
)
_TOLD = re.compile("advise|ask|demand|direct|encourage|instruct|order|promise|request|tell|urge|warn")
_ASKED = re.compile(r"\b(?:was|is|were|are|had|has|would|will|to)\b", re.IGNORECASE)
_ARTICLES = frozenset(("the", "a", "an", "his", "her", "its", "their", "do"))


def said_in(question: str) -> Verbs | None:
    """The verbs of a question for what someone said, pledged, demanded; None where it asks for something else.

    "What did Johnson offer to provide?" gives a pattern for both verbs, in any of their forms; one for verbs of saying
    alone never matches.
    """
    what = _WHAT.match(question)
    asked = what and next(
        (verb for verb in _VERB.finditer(question, what.end()) if _is_main(question, what, verb)), None
    )
    if not asked:
        return None
    second = re.match(r"to (\w+)", _after(question, asked))
    verbs = [asked[1]] if asked[1] not in _SAID_ALL else []
    verbs += [second[1].lower()] if second and second[1].lower() not in _ARTICLES else []
    return re.compile("|".join(rf"\b{_forms(verb)}" for verb in verbs) or "(?!)", re.IGNORECASE)


def whole(words: Words, first: int, last: int, verbs: Verbs) -> tuple[int, int]:
    """The quotation, with its marks, that an answer (word indices, inclusive) is a part of; else the answer as it is.
    One that ends inside of a quotation goes on to where it is closed.

    Marks that belong together are the last one before the answer's end and the next one, the first open, the last
    closed. Where what is asked about is said inside of the quotation ("we warn the Saudis that …"), the answer is the
    part of it that was found.
    """
    left = _first_mark(words, range(last, max(0, first - _LONGEST) - 1, -1))
    right = _first_mark(words, range(last + 1, min(len(words), last + _LONGEST + 1)))
    if left is None or right is None or right - left > _LONGEST or words[right] != _MARKS.get(words[left]):
        return first, last
    start, end = words.starts[first], words.ends[last]
    beside = f"{words.text[words.ends[left] : start]} | {words.text[end : words.starts[right]]}"
    if not (_opens(words, left) and _closes(words, right)) or verbs.search(beside) or re.search(r"\n\s*\n", beside):
        return first, last
    return min(left, first), right


def _first_mark(words: Words, indices: range) -> int | None:
    return next((index for index in indices if words[index] in _EVERY_MARK), None)


def _is_main(question: str, what: re.Match[str], verb: re.Match[str]) -> bool:
    """Whether it is the verb of the question itself: no other clause comes before or after."""
    rest = _after(question, verb)
    if _CLAUSE.search(question, what.end(), verb.start()):
        return False
    if not rest or rest.endswith((" do", " doing")) or _AROUND.match(rest):
        return True
    return _TOLD.fullmatch(verb[1]) is not None and len(rest.split()) <= 6 and not _ASKED.search(rest)


def _after(question: str, verb: re.Match[str]) -> str:
    return question[verb.end() :].strip(" ?.!")


def _forms(verb: str) -> str:
    """Its forms: pledge, pledged and pledging, but not "nothing" for "note"; deny and denied."""
    if verb[-1] == "e":
        return rf"{verb[:-1]}(?:e|ing)\w{{0,2}}\b"
    return rf"{verb}\w{{0,5}}\b" if verb[-1] != "y" else rf"{verb[:-1]}[yi]\w{{0,3}}\b"


def _opens(words: Words, index: int) -> bool:
    """Whether a mark, if it is a straight one, is the first of two: a word touches it after, none before."""
    before = index > 0 and words.touching(index - 1, index) and words[index - 1][-1].isalnum()
    return words.touching(index, index + 1) and not before


def _closes(words: Words, index: int) -> bool:
    """The same for the second of two."""
    after = index + 1 < len(words) and words.touching(index, index + 1) and words[index + 1][0].isalnum()
    return words.touching(index - 1, index) and not after
