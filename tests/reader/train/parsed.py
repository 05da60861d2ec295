"""Sentences as a parser gave them (spaCy 3.8, en_core_web_sm 3.8.0), so that tests need none."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

Row = tuple[str, int, str, str, str, str, str]  # text with white space, head, relation, part, tag, lemma, entity

ROWS: tuple[tuple[Row, ...], ...] = (
    (
        ("The ", 1, "det", "DET", "DT", "the", ""), ("mayor ", 2, "nsubj", "NOUN", "NN", "mayor", ""),
        ("announced ", 2, "ROOT", "VERB", "VBD", "announce", ""), ("plans ", 2, "dobj", "NOUN", "NNS", "plan", ""),
        ("to ", 5, "aux", "PART", "TO", "to", ""), ("cut ", 3, "acl", "VERB", "VB", "cut", ""),
        ("3,000 ", 7, "nummod", "NUM", "CD", "3,000", "CARDINAL"), ("jobs ", 5, "dobj", "NOUN", "NNS", "job", ""),
        ("in ", 5, "prep", "ADP", "IN", "in", ""), ("Germany", 8, "pobj", "PROPN", "NNP", "Germany", "GPE"),
        (".", 2, "punct", "PUNCT", ".", ".", ""),
    ),
    (
        ("Angela ", 1, "compound", "PROPN", "NNP", "Angela", "PERSON"),
        ("Merkel ", 2, "nsubj", "PROPN", "NNP", "Merkel", "PERSON"), ("said ", 2, "ROOT", "VERB", "VBD", "say", ""),
        ("on ", 2, "prep", "ADP", "IN", "on", ""), ("Monday ", 3, "pobj", "PROPN", "NNP", "Monday", "DATE"),
        ("that ", 8, "mark", "SCONJ", "IN", "that", ""), ("taxes ", 8, "nsubj", "NOUN", "NNS", "taxis", ""),
        ("will ", 8, "aux", "AUX", "MD", "will", ""), ("fall", 2, "ccomp", "VERB", "VB", "fall", ""),
        (".", 2, "punct", "PUNCT", ".", ".", ""),
    ),
    (
        ("The ", 1, "det", "DET", "DT", "the", ""), ("UN ", 3, "nsubj", "PROPN", "NNP", "UN", "ORG"),
        ("has ", 3, "aux", "AUX", "VBZ", "have", ""), ("condemned ", 3, "ROOT", "VERB", "VBN", "condemn", ""),
        ("the ", 5, "det", "DET", "DT", "the", ""), ("attack ", 3, "dobj", "NOUN", "NN", "attack", ""),
        ("on ", 5, "prep", "ADP", "IN", "on", ""), ("aid ", 8, "compound", "NOUN", "NN", "aid", ""),
        ("workers", 6, "pobj", "NOUN", "NNS", "worker", ""), (".", 3, "punct", "PUNCT", ".", ".", ""),
    ),
    (
        ("She ", 1, "nsubj", "PRON", "PRP", "she", ""), ("said ", 1, "ROOT", "VERB", "VBD", "say", ""),
        ("that ", 5, "mark", "SCONJ", "IN", "that", ""), ("taxes ", 5, "nsubj", "NOUN", "NNS", "taxis", ""),
        ("will ", 5, "aux", "AUX", "MD", "will", ""), ("fall", 1, "ccomp", "VERB", "VB", "fall", ""),
        (".", 1, "punct", "PUNCT", ".", ".", ""),
    ),
    (
        ("The ", 1, "det", "DET", "DT", "the", ""), ("company ", 4, "nsubj", "NOUN", "NN", "company", ""),
        ("did ", 4, "aux", "AUX", "VBD", "do", ""), ("not ", 4, "neg", "PART", "RB", "not", ""),
        ("announce ", 4, "ROOT", "VERB", "VB", "announce", ""), ("plans ", 4, "dobj", "NOUN", "NNS", "plan", ""),
        ("to ", 7, "aux", "PART", "TO", "to", ""), ("cut ", 5, "acl", "VERB", "VB", "cut", ""),
        ("jobs", 7, "dobj", "NOUN", "NNS", "job", ""), (".", 4, "punct", "PUNCT", ".", ".", ""),
    ),
    (
        ("Angela ", 1, "compound", "PROPN", "NNP", "Angela", "PERSON"),
        ("Merkel ", 2, "nsubj", "PROPN", "NNP", "Merkel", "PERSON"), ("came ", 2, "ROOT", "VERB", "VBD", "come", ""),
        ("to ", 2, "prep", "ADP", "IN", "to", ""), ("the ", 5, "det", "DET", "DT", "the", ""),
        ("fire", 3, "pobj", "NOUN", "NN", "fire", ""), (", ", 2, "punct", "PUNCT", ",", ",", ""),
        ("and ", 2, "cc", "CCONJ", "CC", "and", ""), ("Merkel ", 9, "nsubj", "PROPN", "NNP", "Merkel", "PERSON"),
        ("praised ", 2, "conj", "VERB", "VBD", "praise", ""), ("the ", 11, "det", "DET", "DT", "the", ""),
        ("firefighters", 9, "dobj", "NOUN", "NNS", "firefighter", ""), (".", 9, "punct", "PUNCT", ".", ".", ""),
    ),
    (
        ("Angela ", 1, "compound", "PROPN", "NNP", "Angela", "PERSON"),
        ("Merkel ", 2, "nsubj", "PROPN", "NNP", "Merkel", "PERSON"),
        ("thanked ", 2, "ROOT", "VERB", "VBD", "thank", ""), ("the ", 4, "det", "DET", "DT", "the", ""),
        ("crews ", 2, "dobj", "NOUN", "NNS", "crew", ""), ("before ", 7, "mark", "SCONJ", "IN", "before", ""),
        ("Merkel ", 7, "nsubj", "PROPN", "NNP", "Merkel", "PERSON"), ("vowed ", 2, "advcl", "VERB", "VBD", "vow", ""),
        ("to ", 9, "aux", "PART", "TO", "to", ""), ("rebuild ", 7, "xcomp", "VERB", "VB", "rebuild", ""),
        ("the ", 11, "det", "DET", "DT", "the", ""), ("church", 9, "dobj", "NOUN", "NN", "church", ""),
        (".", 2, "punct", "PUNCT", ".", ".", ""),
    ),
)  # fmt: skip
# Made by hand after the others: words before the verb that says them, between marks.
QUOTED: tuple[Row, ...] = (
    ('"', 8, "punct", "PUNCT", "``", '"', ""), ("Taxes ", 3, "nsubj", "NOUN", "NNS", "tax", ""),
    ("will ", 3, "aux", "AUX", "MD", "will", ""), ("fall", 8, "ccomp", "VERB", "VB", "fall", ""),
    (",", 8, "punct", "PUNCT", ",", ",", ""), ('" ', 8, "punct", "PUNCT", "''", '"', ""),
    ("the ", 7, "det", "DET", "DT", "the", ""), ("minister ", 8, "nsubj", "NOUN", "NN", "minister", ""),
    ("said", 8, "ROOT", "VERB", "VBD", "say", ""), (".", 8, "punct", "PUNCT", ".", ".", ""),
)  # fmt: skip


class Piece:
    """Consecutive tokens, as spacy.tokens.Span."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens, self.label_ = tokens, tokens[0].ent_type_

    def __iter__(self) -> Iterator[Token]:
        return iter(self.tokens)

    @property
    def text(self) -> str:
        return "".join(token.whole for token in self.tokens).rstrip()

    def __getitem__(self, index: int) -> Token:
        return self.tokens[index]


class Token:
    """As spacy.tokens.Token, as far as it is asked."""

    sent = "the only sentence"

    def __init__(self, doc: Document, i: int, idx: int, row: Row) -> None:
        self.doc, self.i, self.idx, self.whole = doc, i, idx, row[0]
        self.head, self.dep_, self.pos_, self.tag_, self.lemma_, self.ent_type_ = row[1:]
        self.text = self.whole.rstrip()
        self.lower_, self.is_punct, self.is_sent_start = self.text.lower(), self.pos_ == "PUNCT", i == 0

    def __len__(self) -> int:
        return len(self.text)

    @property
    def children(self) -> list[Token]:
        return [token for token in self.doc if token.head == self.i != token.i]

    @property
    def subtree(self) -> list[Token]:
        below = [one for child in self.children for one in child.subtree]
        return sorted([self, *below], key=lambda token: token.i)

    @property
    def left_edge(self) -> Token:
        return self.subtree[0]

    @property
    def right_edge(self) -> Token:
        return self.subtree[-1]


class Document:
    """As spacy.tokens.Doc, of one sentence."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.text = "".join(row[0] for row in rows)
        places = [sum(len(row[0]) for row in rows[:i]) for i in range(len(rows))]
        self._tokens = tuple(Token(self, i, places[i], row) for i, row in enumerate(rows))

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens)

    @property
    def ents(self) -> list[Piece]:
        return [Piece(tuple(run)) for kind, run in groupby(self, lambda token: token.ent_type_) if kind]

    def __getitem__(self, index: int | slice) -> Token | Piece:
        return Piece(self._tokens[index]) if isinstance(index, slice) else self._tokens[index]


def documents() -> dict[str, Document]:
    """Every sentence by its text."""
    return {document.text: document for document in map(Document, (*ROWS, QUOTED))}
