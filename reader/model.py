"""The reader: a question and passages in, the best spans of all of them out, whole words only."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from indexer.types import Best, Floats, Mode, Reading
from reader.calibrate import Calibration, weighed
from reader.decode import FREE, OF_TEXT, Price, best_spans
from reader.edges import may_begin, may_end, tidy
from reader.group import Group, names_something
from reader.speech import Verbs, said_in, whole
from reader.weigh import Standing
from reader.words import Words
from retriever.search import fusion

if TYPE_CHECKING:
    from indexer.models.spans import Window

LOG = logging.getLogger("pullquote")


class SpanScorer(Protocol):
    """What a Reader needs of a reader model; `indexer.models.spans.SpanModel` is one.

    threshold: the least score that counts as an answer. logits: every window of every passage, in order.
    """

    name: str
    fingerprint: str
    threshold: float

    @property
    def runtime(self) -> str:
        """How it is run, as in models.yaml."""
        ...

    def logits(self, question: str, passages: Sequence[str]) -> list[Window]:
        """Start and end logits of the tokens of each window; those of "no answer" come first."""
        ...


class Candidate(NamedTuple):
    """A span that may be the answer: [start, end) in code points of passages[passage].

    score: start and end logit, less those of "no answer" in the same window and what its length and place cost. No
    unit: compare within one reader. It ranks spans of several passages better than the plain sum does: F1 72.0 against
    66.3 for SQuAD 2.0 dev questions whose paragraph stands among 11 others that share words with the question.
    """

    passage: int
    start: int
    end: int
    score: float


# SQuAD's answers are short: 15 tokens would do (F1 80.1, 60: 79.2). What people said is long: F1 40.6 with 15 on news,
# 48.2 with 30, 50.1 with 60, 49.9 with 90.
_LONGEST = 60
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


class Reader:
    """Finds quotations that answer a question. max_tokens: the longest quotation, in tokens of the model.

    calibration: the final score of this very model and runtime, and what it is worth, if that was ever measured.
    threshold: the least score (of a span without calibration, else the final one) of an answer out of an archive;
    text_threshold: the least score of a span that answers out of one text that was given.
    """

    def __init__(self, model: SpanScorer, max_tokens: int = _LONGEST, calibration: Calibration | None = None) -> None:
        self.model, self.calibration = model, calibration
        self.threshold = model.threshold if calibration is None else calibration.archive.least_score
        self.text_threshold = model.threshold if calibration is None else calibration.text.least_score
        self.max_tokens = max_tokens

    def read(self, question: str, passages: Sequence[str], n: int = 20) -> list[Candidate]:
        """The n best spans over all passages, best first; ties by passage, then offset.

        None overlaps a better one, unless that one names nothing ("her" before "her husband"), which it does itself.
        Every span is made of whole words of its passage, with no white space and no dangling mark at its edges. Where
        the question is for what someone said, a part of a quotation becomes the whole of it; its score stays.
        """
        return self._read(question, passages, n, FREE)

    def read_text(self, question: str, context: str, n: int = 20) -> list[Candidate]:
        """The n best spans of one text, of any length, as `read` finds them; but long ones and late ones have their
        price (`reader.decode.OF_TEXT`). The length of what someone said has none.
        """
        return self._read(question, [context], n, OF_TEXT)

    def _read(self, question: str, passages: Sequence[str], n: int, price: Price) -> list[Candidate]:
        verbs = said_in(question)
        texts = [_Text(passage) for passage in passages]
        windows = self.model.logits(question, passages)
        price = price._replace(token=0.0) if verbs else price
        found = (span for window in windows for span in self._spans(window, texts[window.passage], n, verbs, price))
        return _apart(found, texts, n)

    def read_one(self, question: str, context: str) -> Reading:
        """Read one text, of any length. `answer` is null below the threshold; `best` is what was found all the same.

        Where no span was found at all (a context without a word), `best` is null and `score` is 0.
        """
        found = self.read_text(question, context)
        if not found:
            return Reading(None, None, None, 0.0, None, None)
        _, start, end, score = found[0]
        best = Best(context[start:end], start, end, score)
        sure = self.confidences([score])
        confidence = None if sure is None else float(sure[0])
        if score < self.text_threshold:
            return Reading(None, None, None, score, confidence, best)
        return Reading(best.answer, start, end, score, confidence, best)

    def over(self, mode: Mode) -> Reader:
        """The same reader for passages found in a mode. The calibration is of hybrid search: without it in others."""
        return self if mode == "hybrid" else self._plain()

    def beside(self, embedder: str) -> Reader:
        """The same reader for passages that this embedder finds: without its calibration, which is told, where that is
        of another embedder (a fingerprint), or of another way of fusing than today's.
        """
        differs = self.calibration.differs(embedder, fusion()) if self.calibration else ""
        if not differs:
            return self
        LOG.warning("answers have no confidence: the calibration of %s is of %s", self.model.name, differs)
        return self._plain()

    def _plain(self) -> Reader:
        return Reader(self.model, self.max_tokens)

    def confidences(self, scores: Sequence[float]) -> Floats | None:
        """(n,) float32: the probability that spans of these scores are right, each out of one text that was given.

        None without a calibration.
        """
        return None if self.calibration is None else self.calibration.text.confidence(np.array(scores, np.float32))

    def weigh(self, question: str, groups: Sequence[Group], standings: Sequence[Standing]) -> list[Group]:
        """Answers out of an archive with their final score and confidence, best first; as they are without calibration.

        standings: of the passages that were read, by the occurrences' `passage`.
        """
        if self.calibration is None:
            return list(groups)
        return weighed(question, groups, standings, self.calibration)

    def _spans(self, window: Window, text: _Text, n: int, verbs: Verbs | None, price: Price) -> Iterable[Candidate]:
        words, inside = text.words, np.array([offset is not None for offset in window.offsets], bool)
        edges = np.array([offset or (0, 0) for offset in window.offsets], np.int64).reshape(-1, 2)
        inside &= edges[:, 0] < edges[:, 1]
        heads, whole_head = words.beginning(edges[:, 0])
        tails, whole_tail = words.ending(edges[:, 1])
        first = inside & whole_head & text.may_begin[heads]
        last = inside & whole_tail & text.may_end[tails]
        parts = np.searchsorted(text.breaks, edges[:, 0])
        no_answer = float(window.start[0] + window.end[0])
        start_logits = window.start - price.of_start(edges[:, 0])

        def is_empty(head: int, tail: int) -> bool:
            return not text.names_something(int(words.starts[heads[head]]), int(words.ends[tails[tail]]))

        for span in best_spans(
            start_logits, window.end, first, last, self.max_tokens, n, parts, is_empty, token_cost=price.token
        ):
            edge = tidy(words, int(heads[span.first]), int(tails[span.last]))
            if edge is not None:
                edge = whole(words, *edge, verbs) if verbs else edge
                start, end = int(words.starts[edge[0]]), int(words.ends[edge[1]])
                yield Candidate(window.passage, start, end, span.score - no_answer)


class _Text:
    """A passage with its words, and where among them a quotation may begin and end (one past the last: never).

    breaks: where its blank lines are, (n,) int64. Of 13,416 right answers of the tune halves none goes over one.
    """

    def __init__(self, text: str) -> None:
        self.breaks = np.array([match.start() for match in _BLANK_LINE.finditer(text)], np.int64)
        self.words = Words(text)
        self.may_begin = np.append(may_begin(self.words), False)
        self.may_end = np.append(may_end(self.words), False)

    def names_something(self, start: int, end: int) -> bool:
        """Whether a quotation of it is more than pronouns and words that only join others."""
        return names_something(self.words.text, start, end)


def _apart(found: Iterable[Candidate], texts: Sequence[_Text], n: int) -> list[Candidate]:
    """The n best, leaving out each that overlaps a better one of the same passage; see `Reader.read` for the others."""
    kept, empty = list[Candidate](), list[Candidate]()
    for new in sorted(found, key=lambda c: (-c.score, c.passage, c.start, c.end)):
        if len(kept) + len(empty) == n:
            break
        is_empty = not texts[new.passage].names_something(new.start, new.end)
        if not any(_overlap(new, old) for old in (kept + empty if is_empty else kept)):
            (empty if is_empty else kept).append(new)
    return sorted(kept + empty, key=lambda c: (-c.score, c.passage, c.start, c.end))


def _overlap(one: Candidate, other: Candidate) -> bool:
    return one.passage == other.passage and one.start < other.end and other.start < one.end
