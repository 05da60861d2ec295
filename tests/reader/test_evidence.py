from __future__ import annotations

import json
from pathlib import Path

from bench.evidence import HALVES, By, found_before, ids_of, made_by, over_archive
from reader.decode import OF_TEXT


def test_what_another_reader_or_export_gave_is_gathered_anew(tmp_path: Path) -> None:
    file, ours = tmp_path / "news.jsonl", By(reader="reader:2", runtime="onnx-int8")
    others = [{**ours, "reader": "reader:1"}, ours, {**ours, "runtime": "torch"}, ours]
    lines = [json.dumps({"id": f"q{at}", "spans": [[0, 1, 2, 0.5]], **by}) + "\n" for at, by in enumerate(others)]
    file.write_text("".join(lines), "utf-8")
    assert ids_of(file, ours) == {"q1", "q3"}
    assert file.read_text("utf-8") == lines[1] + lines[3]
    assert ids_of(file, ours) == {"q1", "q3"}
    assert ids_of(tmp_path / "none.jsonl", ours) == set()


def test_what_was_found_in_the_same_way_is_read_anew_whatever_the_reader(tmp_path: Path) -> None:
    file, way = tmp_path / "news.jsonl", By(embedder="e:1", depth=20)
    passages = [{"text": "Xi met Khan."}]
    line = {"half": "tune", "reader": "reader:1", "passages": passages, **way}
    others = [line, {**line, "half": "report"}, {**line, "embedder": "e:2"}, {**line, "depth": 4}]
    file.write_text("".join(json.dumps({"id": f"q{at}", **one}) + "\n" for at, one in enumerate(others)), "utf-8")
    assert found_before(file, "tune", way) == {"q0": passages}
    assert found_before(file, "report", way) == {"q1": passages}
    assert found_before(tmp_path / "none.jsonl", "tune", way) == {}


def test_lines_of_one_text_tell_the_price_of_its_spans() -> None:
    of_text, of_archive = (made_by(name, "e:1", "r:1", "torch") for name in ("NewsQA half", "newsqa"))
    assert of_text[1] == {**of_archive[1], "token": OF_TEXT.token, "late": OF_TEXT.late}
    assert of_text[0] == of_archive[0] == {name: of_archive[1][name] for name in ("embedder", "fusion", "depth")}
    assert of_archive[1] == {**of_archive[0], "reader": "r:1", "runtime": "torch"}


def test_what_someone_said_is_asked_of_its_own_articles_and_of_others_that_cannot_tell(tmp_path: Path) -> None:
    for half, n in zip(HALVES, (56, 60), strict=True):  # 116 questions by hand, split by the hashes of their ids
        said, unsaid = (over_archive(name, half, 60, tmp_path, tmp_path) for name in ("said", "unsaid"))
        assert [one.question for one in said] == [one.question for one in unsaid]
        assert (len(said), {len(one.answers) > 0 for one in said}, {one.answers for one in unsaid}) == (n, {True}, {()})
        assert not {one.id for one in said} & {one.id for one in unsaid}
