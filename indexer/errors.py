"""Every error a user can meet. Its fields say what happened, its message says what to do."""

from __future__ import annotations

from pathlib import Path


class PullquoteError(Exception):
    """Base of all errors that are told to the user as one sentence, without a traceback."""


class InvalidInput(PullquoteError):
    """A request, option or identifier that cannot be taken. `field` names the part to change."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(field, problem)
        self.field, self.problem = field, problem

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}"


class SourceUnreadable(PullquoteError):
    """A file or record that cannot become an article. The rest of the run goes on."""

    def __init__(self, origin: str, reason: str) -> None:
        super().__init__(origin, reason)
        self.origin, self.reason = origin, reason

    def __str__(self) -> str:
        return f"{self.origin}: {self.reason}"


class ArchiveMissing(PullquoteError):
    """There is no archive at the path that was given."""

    def __init__(self, archive: Path | str) -> None:
        super().__init__(archive)
        self.archive = archive

    def __str__(self) -> str:
        return f"no archive at {self.archive}: make one with `pullquote index PATH --archive {self.archive}`"


class ArchiveDamaged(PullquoteError):
    """The store does not hold what was written to it."""

    def __init__(self, archive: Path | str, problem: str) -> None:
        super().__init__(archive, problem)
        self.archive, self.problem = archive, problem

    def __str__(self) -> str:
        return (
            f"{self.archive} is damaged ({self.problem}): restore it from a backup, or index its sources into a new one"
        )


class ArchiveBusy(PullquoteError):
    """Another process is writing, and kept the lock for longer than we wait. holder: which, where its lock says so."""

    def __init__(self, archive: Path | str, holder: str | None = None) -> None:
        super().__init__(archive, holder)
        self.archive, self.holder = archive, holder

    def __str__(self) -> str:
        who = self.holder or "another process"
        return f"{who} is writing to {self.archive}: wait for it to finish, then run this again"


class AlreadyReembedding(ArchiveBusy):
    """Two processes cannot change an archive over to another embedder at once."""

    def __str__(self) -> str:
        who = self.holder or "another process"
        return f"{who} is re-embedding {self.archive}: wait for it or stop it, then run this again; nothing is lost"


class ArchiveReadOnly(PullquoteError):
    """A write to an archive that this process may only read, or whose disk refuses writes."""

    def __init__(self, archive: Path | str, problem: str) -> None:
        super().__init__(archive, problem)
        self.archive, self.problem = archive, problem

    def __str__(self) -> str:
        return f"cannot write to {self.archive} ({self.problem}): free space or permissions, then run this again"


class NewerFormat(PullquoteError):
    """The archive was written by a later version of Pullquote."""

    def __init__(self, archive: Path | str, found: int, known: int) -> None:
        super().__init__(archive, found, known)
        self.archive, self.found, self.known = archive, found, known

    def __str__(self) -> str:
        return f"{self.archive} has format {self.found}, this version reads up to {self.known}: upgrade pullquote"


class OlderFormat(PullquoteError):
    """The tables of an archive on a server are those of an earlier version of Pullquote."""

    def __init__(self, archive: Path | str, found: int, known: int) -> None:
        super().__init__(archive, found, known)
        self.archive, self.found, self.known = archive, found, known

    def __str__(self) -> str:
        return f"{self.archive} has format {self.found}, this version needs {self.known}: run `pullquote init` on it"


class ArchiveUnavailable(PullquoteError):
    """An engine that holds the archive does not answer. engine: where it should be."""

    def __init__(self, engine: str, problem: str) -> None:
        super().__init__(engine, problem)
        self.engine, self.problem = engine, problem

    def __str__(self) -> str:
        return f"{self.engine} does not answer ({self.problem}): see that it runs and can be reached, then try again"


class WorkersLost(PullquoteError):
    """Workers of an indexing run died again and again at one batch, or went away for good."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"the workers are lost ({self.problem}): what was reported is kept; see to them, then run this again"


class ModelMissing(PullquoteError):
    """A model's files are not on this machine."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(model, problem)
        self.model, self.problem = model, problem

    def __str__(self) -> str:
        return f"model {self.model} is not ready ({self.problem}): run `pullquote models --fetch`"


class ModelUnavailable(ModelMissing):
    """A model's files could not be got, or what was made of them is not good enough to use."""

    def __str__(self) -> str:
        return f"cannot prepare model {self.model}: {self.problem}: see its sources in models.yaml"


class ModelDamaged(PullquoteError):
    """A file of a prepared model is not what was prepared."""

    def __init__(self, model: str, file: Path, expected: str, found: str) -> None:
        super().__init__(model, file, expected, found)
        self.model, self.file, self.expected, self.found = model, file, expected, found

    def __str__(self) -> str:
        return (
            f"{self.file} of model {self.model} has sha256 {self.found[:12]}…, not {self.expected[:12]}… as prepared: "
            "run `pullquote models --fetch` to make it anew"
        )


class ModelMismatch(PullquoteError):
    """The archive holds vectors of another embedder than the one asked for."""

    def __init__(self, archive: Path | str, built_with: str, asked: str) -> None:
        super().__init__(archive, built_with, asked)
        self.archive, self.built_with, self.asked = archive, built_with, asked

    def __str__(self) -> str:
        return (
            f"{self.archive} was built with embedder {self.built_with}, not {self.asked}: "
            f"set PULLQUOTE_EMBEDDER to the first, or run `pullquote index --reembed` to change over"
        )


class IndexMismatch(PullquoteError):
    """An index outside the store holds the vectors of another embedder than the store does."""

    def __init__(self, index: str, built_with: str, wanted: str) -> None:
        super().__init__(index, built_with, wanted)
        self.index, self.built_with, self.wanted = index, built_with, wanted

    def __str__(self) -> str:
        return (
            f"{self.index} holds vectors of embedder {self.built_with}, the archive those of {self.wanted}: "
            "run `pullquote doctor --repair` to make the index anew"
        )


class IndexRefused(PullquoteError):
    """An index outside the store answers, and refuses what it was asked. problem: what it says."""

    def __init__(self, index: str, problem: str) -> None:
        super().__init__(index, problem)
        self.index, self.problem = index, problem

    def __str__(self) -> str:
        return f"{self.index} refuses what it was asked ({self.problem}): see to its version, users and limits"


class IndexLost(IndexRefused):
    """An index outside the store does not have the archive's collection."""

    def __str__(self) -> str:
        return f"{self.index} has lost the archive's collection: run `pullquote doctor --repair` to make it anew"


class ArticleNotFound(PullquoteError):
    """No article of this id is in the view."""

    def __init__(self, article_id: str) -> None:
        super().__init__(article_id)
        self.article_id = article_id

    def __str__(self) -> str:
        return f"no article {self.article_id!r} in this archive: `pullquote list` shows the ids"


class QuoteMismatch(PullquoteError):
    """The last check of `ask` failed: a span, a quote or a text's SHA-256 is not what is stored. Never a reply."""

    def __init__(self, article_id: str, problem: str) -> None:
        super().__init__(article_id, problem)
        self.article_id, self.problem = article_id, problem

    def __str__(self) -> str:
        return f"article {self.article_id}: {self.problem}: no answer is given; run `pullquote doctor`"
