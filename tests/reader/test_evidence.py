from __future__ import annotations

import json
from pathlib import Path

from bench.evidence import ids_of


def test_what_another_reader_or_export_gave_is_gathered_anew(tmp_path: Path) -> None:
    file, ours = tmp_path / "news.jsonl", {"reader": "reader:2", "runtime": "onnx-int8"}
    others = [{**ours, "reader": "reader:1"}, ours, {**ours, "runtime": "torch"}, ours]
    lines = [json.dumps({"id": f"q{at}", "spans": [[0, 1, 2, 0.5]], **by}) + "\n" for at, by in enumerate(others)]
    file.write_text("".join(lines), "utf-8")
    assert ids_of(file, ours) == {"q1", "q3"}
    assert file.read_text("utf-8") == lines[1] + lines[3]
    assert ids_of(file, ours) == {"q1", "q3"}
    assert ids_of(tmp_path / "none.jsonl", ours) == set()
