"""The two pipelines from end to end, with the real models."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import ArticleNotFound, InvalidInput
from indexer.types import Filters, IndexEvent, Reply
from pullquote import Archive
from reader.answer import _whole_words

SEEDS = Path(__file__).parent.parent / "seeds"
SEED_FILE = "000_ffa18cde320deb92.txt"
SEED_TEXT = (SEEDS / SEED_FILE).read_bytes().decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three short articles as files."""
    texts = {
        "a.txt": "Mayor opens bridge\n\nMayor Ada Smith opened the new bridge over the Kander on Monday.",
        "b.txt": "Storm hits coast\n\nA storm hit the coast of Brittany on Tuesday and cut power to 40,000 homes.",
        "c.txt": "Team wins cup\n\nThe women's team of Bern won the cup on Sunday with a goal by Lea Meier.",
    }
    (tmp_path / "news").mkdir()
    for name, text in texts.items():
        (tmp_path / "news" / name).write_text(text)
    return tmp_path / "news"


def index(archive: Archive, *paths: Path, prune: bool = False) -> list[tuple[str, str]]:
    events: list[IndexEvent] = []
    archive.index(*paths, report=events.append, prune=prune)
    return sorted((event.status, event.origin.rsplit("/", 1)[-1]) for event in events)


def untimed(reply: Reply) -> Reply:
    return replace(reply, timings_ms={})


def test_the_seed_question_is_answered_from_the_seed_article(seeds: Archive) -> None:
    reply = seeds.ask("What did Xi pledge?")
    assert reply.answered
    assert reply.reason is None
    answer = reply.answers[0]
    assert answer.answer.startswith("closer cooperation under the China-Pakistan Economic Corridor")
    assert (answer.range.start, answer.range.end) == (554, 690)  # the whole of what he pledged
    assert SEED_TEXT[answer.range.start : answer.range.end] == answer.answer
    assert answer.context.text.startswith("During the meeting, Jinping\xa0pledged closer cooperation under")
    assert answer.context.text.endswith("other infrastructure.")
    assert answer.article.published_at == "2022-02-06T11:56:00Z"
    assert answer.article.author == "WION Web Team"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where did Imran Khan meet Xi Jinping?", "Great Hall of People"),
        ("When did Khan last visit China?", "October 2019"),
        ("What did Xi stress?", "the Chinese side firmly supports Pakistan in safeguarding its national independence"),
        ("Why is Xi willing to work with Pakistan?", "aligning development strategies"),
    ],
)
def test_other_questions_about_the_seed_article(seeds: Archive, question: str, expected: str) -> None:
    answer = seeds.ask(question).answers[0]
    assert expected in answer.answer
    assert SEED_TEXT[answer.range.start : answer.range.end] == answer.answer


def test_what_xi_said_is_a_whole_quotation_of_his(seeds: Archive) -> None:
    answer = seeds.ask("What did Xi say?").answers[0]
    assert answer.answer in (
        '"the Chinese side firmly supports Pakistan in safeguarding its national independence, sovereignty and dignity,'
        ' as well as in combating terrorism"',
        '"heartfelt thanks to all governments, peoples and international organisations who care about and support the '
        'Beijing Winter Olympics"',
    )
    assert SEED_TEXT[answer.range.start : answer.range.end] == answer.answer


def test_the_right_answer_may_come_second(seeds: Archive) -> None:
    answers = [answer.answer for answer in seeds.ask("Who boycotted the Games?").answers]
    assert "the United States and other western countries" in answers[:2]


@pytest.mark.parametrize(
    "question",
    [
        "Who is the chief executive of Apple?",
        "How much does a Tesla cost?",
        "What did Modi say about Kashmir?",
        "Where did Biden meet Xi?",
        "What did Xi say about Taiwan?",
        "How old is Xi Jinping?",
        "Why did Pakistan boycott the Games?",
        "Who painted the Mona Lisa?",
    ],
)
def test_questions_that_no_article_answers_are_not_answered(seeds: Archive, question: str) -> None:
    reply = seeds.ask(question)
    assert (reply.answered, reply.reason, reply.answers) == (False, "low_confidence", ())


def test_a_reply_says_what_it_was_made_of(seeds: Archive) -> None:
    reply = seeds.ask("What did Xi pledge?", top_k=3, depth=10)
    assert reply.view == seeds.view_info()
    assert reply.view.articles == 296
    assert len(reply.passages) == 3
    assert len(reply.answers) <= 3
    assert reply.models.runtime == "onnx-int8"
    assert reply.timings_ms["total"] >= reply.timings_ms["read"] > 0
    confidences = [answer.confidence for answer in reply.answers]
    assert all(confidence is not None and 0 < confidence < 1 for confidence in confidences)
    assert confidences == sorted(confidences, key=lambda value: -(value or 0))


def test_an_error_that_no_threshold_keeps_is_refused_and_one_that_is_kept_answers_less(seeds: Archive) -> None:
    question = "Where did Imran Khan meet Xi Jinping?"
    with pytest.raises(InvalidInput, match=r"no threshold .* was shown to keep 0\.05: give 0\.\d+ or more"):
        seeds.ask(question, max_error=0.05)
    (kept,) = seeds.ask(question, max_error=0.5).answers  # one: the error was measured on first answers
    assert kept.answer == "the Great Hall of People in Beijing"
    assert len(seeds.ask(question).answers) > 1
    with pytest.raises(InvalidInput, match=r"shown for a depth of 20, not 4: leave one of the two out"):
        seeds.ask(question, max_error=0.5, depth=4)
    assert seeds.ask(question, depth=4).answers[0].confidence is not None


def test_only_hybrid_search_was_calibrated(seeds: Archive) -> None:
    question = "Where did Imran Khan meet Xi Jinping?"
    for mode in ("dense", "lexical"):
        reply = seeds.ask(question, mode=mode)
        assert reply.answers[0].answer == "the Great Hall of People in Beijing"
        assert {answer.confidence for answer in reply.answers} == {None}
        with pytest.raises(InvalidInput, match="max_error"):
            seeds.ask(question, mode=mode, max_error=0.5)


def test_after_a_restart_the_same_question_gets_the_same_reply(seeds: Archive) -> None:
    questions = ["What did Xi pledge?", "Who won the election?", "How many people died in the fire?"]
    before = [untimed(seeds.ask(question)) for question in questions]
    with Archive(seeds.path) as again:
        assert [untimed(again.ask(question)) for question in questions] == before


def test_filters_decide_what_may_answer(seeds: Archive) -> None:
    reply = seeds.ask("Where did Imran Khan meet Xi Jinping?", filters=Filters(source=("Wikinews",)))
    assert {hit.article.source for hit in reply.passages} == {"Wikinews"}
    reply = seeds.ask("What did Xi pledge?", filters=Filters(since="2023"))
    assert (reply.answered, reply.reason, reply.answers, reply.passages) == (False, "no_match", (), ())


def test_a_question_that_holds_no_word_of_the_archive_matches_nothing(seeds: Archive) -> None:
    assert seeds.ask("Xyzzyqq plugh?", mode="lexical").reason == "no_match"


def test_an_empty_archive_says_so(tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True) as archive:
        assert archive.ask("What did Xi pledge?").reason == "empty_archive"
        assert archive.search("Xi").items == ()
        assert archive.info().view.articles == 0


def test_indexing_again_does_only_what_changed(folder: Path, tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True) as archive:
        assert index(archive, folder) == [("added", "a.txt"), ("added", "b.txt"), ("added", "c.txt")]
        sequence = archive.view_info().sequence
        assert index(archive, folder) == [("unchanged", "a.txt"), ("unchanged", "b.txt"), ("unchanged", "c.txt")]
        assert archive.view_info().sequence == sequence
        (folder / "b.txt").write_text("Storm hits coast\n\nA storm hit the coast of Normandy on Wednesday.")
        assert index(archive, folder) == [("unchanged", "a.txt"), ("unchanged", "c.txt"), ("updated", "b.txt")]
        assert archive.ask("Where did a storm hit the coast?").answers[0].answer.endswith("Normandy")
        assert archive.view_info().articles == 3


def test_a_pronoun_alone_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Bridge opened\n\nShe opened the new bridge over the Kander on Monday.")
    with Archive(tmp_path / "archive", create=True) as archive:
        index(archive, tmp_path / "a.txt")
        found = archive.read("Who opened the bridge?", "She opened the new bridge over the Kander on Monday.")
        assert found.best is not None
        assert found.best.answer == "She"  # of a text that was given, it may be the answer
        answers = archive.ask("Who opened the bridge?", top_k=50).answers
        assert "She" not in {answer.answer for answer in answers}


def test_a_deleted_article_is_gone_from_the_next_reply(folder: Path, tmp_path: Path) -> None:
    with Archive(tmp_path / "archive", create=True) as archive, Archive(tmp_path / "archive") as served:
        index(archive, folder)
        answer = served.ask("Who opened the bridge?").answers[0]
        assert answer.answer == "Mayor Ada Smith"
        archive.delete([answer.article.id])
        after = served.ask("Who opened the bridge?")
        assert answer.article.id not in {hit.article.id for hit in after.passages}
        assert "Ada Smith" not in " ".join(a.answer for a in after.answers)
        with pytest.raises(ArticleNotFound):
            served.article(answer.article.id)
        assert index(archive, folder)[0] == ("added", "a.txt")  # its file is still there


def test_pruning_removes_what_lost_its_file_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    with Archive(tmp_path / "archive", create=True) as archive:
        index(archive, folder, other)
        (folder / "a.txt").unlink()
        (other / "b.txt").unlink()
        assert ("removed", "a.txt") not in index(archive, folder)
        assert [event for event in index(archive, folder, prune=True) if event[0] == "removed"] == [
            ("removed", "a.txt")
        ]
        assert archive.view_info().articles == 5


@pytest.mark.parametrize(
    ("text", "quote", "at"),
    [
        ("In 2015 the 5 came.", "5", 12),
        ("Often ten of them wrote.", "ten", 6),
        ("Often they wrote.", "ten", -1),
        ("the ‘ten’ wrote", "ten", 5),
        ("tennis, ten", "ten", 8),
    ],
)
def test_a_copy_quotes_whole_words(text: str, quote: str, at: int) -> None:
    assert _whole_words(text, quote, 0, len(text)) == at


def test_copies_of_one_text_are_one_independent_source(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "a.txt", folder / "copy.txt")
    with Archive(tmp_path / "archive", create=True) as archive:
        index(archive, folder)
        support = archive.ask("Who opened the bridge?").answers[0].support
        assert (support.articles, support.independent, len(support.others)) == (2, 1, 1)


def test_articles_like_one_and_like_a_text(seeds: Archive) -> None:
    article_id = seeds.ask("What did Xi pledge?").answers[0].article.id
    found = [hit.article.id for hit in seeds.similar(article_id).items]
    assert len(set(found)) == len(found) == 10
    assert article_id not in found
    assert seeds.similar(text=SEED_TEXT).items[0].article.id == article_id


def test_pages_of_a_search_follow_each_other(seeds: Archive) -> None:
    whole = seeds.search("earthquake", top_k=6)
    first = seeds.search("earthquake", top_k=3)
    second = seeds.search("earthquake", top_k=3, cursor=first.next)
    assert first.items + second.items == whole.items


def test_all_articles_are_listed_page_by_page(seeds: Archive) -> None:
    ids, cursor = [], None
    while True:
        page = seeds.articles(limit=100, cursor=cursor)
        ids += [head.id for head in page.items]
        if (cursor := page.next) is None:
            break
    assert len(ids) == len(set(ids)) == 296


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("question", lambda archive: archive.ask("  ")),
        ("question", lambda archive: archive.ask("x" * 2001)),
        ("top_k", lambda archive: archive.ask("Who?", top_k=0)),
        ("depth", lambda archive: archive.ask("Who?", depth=201)),
        ("mode", lambda archive: archive.ask("Who?", mode="both")),
        ("max_error", lambda archive: archive.ask("Who?", max_error=0.1)),
        ("as_of", lambda archive: archive.ask("Who?", as_of="soon")),
        ("since", lambda archive: archive.ask("Who?", filters=Filters(since="2022", until="2021"))),
        ("cursor", lambda archive: archive.search("Khan", cursor="%%%")),
        ("similar", lambda archive: archive.similar()),
        ("limit", lambda archive: archive.articles(limit=0)),
    ],
)
def test_what_cannot_be_taken_is_told_by_its_name(seeds: Archive, field: str, call: object) -> None:
    with pytest.raises(InvalidInput) as told:
        call(seeds)  # type: ignore[operator]
    assert told.value.field == field


def test_doctor_finds_a_sound_archive_sound(seeds: Archive) -> None:
    health = seeds.doctor()
    assert health.ok, [check for check in health.checks if not check.ok]
    assert health.bytes["store: articles"] > 1_000_000
