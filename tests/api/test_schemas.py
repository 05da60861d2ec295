from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from api import citations, contract, schemas
from api.examples import TEXT, examples
from api.schemas import dump, json_schema, json_text
from indexer import types
from indexer.types import Block, Range, Reply, Utf16
from tests.api import nouns

Check = Callable[[str, Any], None]


def test_the_files_are_those_that_the_code_makes() -> None:
    """If this fails: python -m api.contract, and look at the difference: a contract changes only by addition."""
    kept = {path.name: path.read_text("utf-8") for path in contract.FOLDER.glob("*")}
    assert kept == {path.name: content for path, content in contract.files()}


def test_writing_the_files_again_changes_nothing_and_removes_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {path.name: path.read_bytes() for path in contract.FOLDER.glob("*")}
    monkeypatch.setattr(contract, "FOLDER", tmp_path / "schema")
    contract.write()
    (tmp_path / "schema" / "Gone.json").write_text("{}")
    contract.write()
    assert {path.name: path.read_bytes() for path in (tmp_path / "schema").glob("*")} == kept


@pytest.mark.parametrize("name", sorted(contract.contract()))
def test_every_schema_is_one(name: str) -> None:
    schema = contract.contract()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"], "no docstring"


# Design §7, word for word: the names of each noun, in order.
DESIGN = {
    "Reply": "question answered reason answers passages excluded timings_ms view models",
    "Answer": "answer score confidence range context article citation support",
    "Citation": "article_id sha256 source_sha256 link range selectors",
    "Hit": "text range score parts article highlights",
    "ArticleHead": "id title source url author published_at",
    "Article": "id title source url author published_at "
    "text sha256 source_sha256 blocks language metadata published_raw",
    "ViewInfo": "sequence articles passages layout",
    "Range": "start end utf16",
    "Utf16": "start end",
    "Block": "kind range",
    "ScoreParts": "dense lexical fused rerank",
    "Context": "text range",
    "Support": "articles independent others",
    "SupportingQuote": "answer article citation",
    "ModelNames": "embedder reader runtime",
    "Excluded": "unknown_date",
    "HitList": "items next view excluded",
    "ArticleList": "items next view",
    "VerdictList": "items next view",
    "Problem": "type title status detail request_id errors",
    "IndexEvent": "status origin id reason warnings",
    "AskRequest": "question top_k depth mode filters max_error as_of",
    "FiltersIn": "source author ids since until",
    "TextQuoteSelector": "exact prefix suffix type",
    "TextPositionSelector": "start end type",
}


@pytest.mark.parametrize("name", sorted(DESIGN))
def test_a_noun_has_the_fields_of_the_design(name: str) -> None:
    schema = contract.components()[name]
    assert " ".join(schema["properties"]) == DESIGN[name]
    if not name.endswith(("Request", "In")):
        assert schema["required"] == list(schema["properties"]), "what leaves has all its fields"


def test_two_schemas_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"type": "object", "properties": {}}
    monkeypatch.setattr(contract, "contract", lambda: {"A": {"$defs": {"B": {}}}, "B": other})
    with pytest.raises(ValueError, match="two schemas are called B"):
        contract.components()


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_example_is_what_its_schema_says(name: str, is_noun: Check) -> None:
    is_noun(name, examples()[name])


def test_the_schemas_refuse_what_is_no_reply(is_noun: Check) -> None:
    good = examples()["Reply"]
    for broken in (
        {**good, "extra": 1},
        {name: value for name, value in good.items() if name != "excluded"},
        {**good, "reason": "tired"},
        {**good, "answers": [{**good["answers"][0], "range": {"start": 0, "end": 1}}]},
    ):
        with pytest.raises(ValidationError):
            is_noun("Reply", broken)


def test_the_example_keeps_the_promise() -> None:
    [answer] = examples()["Reply"]["answers"]
    quoted, context = answer["range"], answer["context"]
    assert TEXT[quoted["start"] : quoted["end"]] == answer["answer"] == "3 million euros"
    assert TEXT[context["range"]["start"] : context["range"]["end"]] == context["text"]


def test_a_range_as_json() -> None:
    assert json_text(Range(1, 2, Utf16(2, 3))) == '{"start":1,"end":2,"utf16":{"start":2,"end":3}}'


def test_a_reply_as_json(is_noun: Check) -> None:
    reply = nouns.reply("What?", [nouns.answer("3 million", "It cost 3 million euros.", ["Monday"])])
    is_noun("Reply", json.loads(json_text(reply)))
    assert json_text(nouns.reply("¿Qué?", reason="no_match", unknown_date=2)) == (
        '{"question":"¿Qué?","answered":false,"reason":"no_match","answers":[],"passages":[],'
        '"excluded":{"unknown_date":2},"timings_ms":{"search":1.5},'
        '"view":{"sequence":3,"articles":1,"passages":1,"layout":"memory"},'
        '"models":{"embedder":"all-minilm-l6-v2","reader":"minilm-l6-reader","runtime":"onnx"}}'
    )


def test_an_article_leaves_with_the_ranges_of_its_blocks(is_noun: Check) -> None:
    article = replace(nouns.article("🌉 up\n\nIt is."), blocks=(Block(0, 4, "headline"), Block(6, 12, "body")))
    written = dump(article)
    is_noun("Article", json.loads(json_text(article)))
    assert [(block["kind"], *block["range"].values()) for block in written["blocks"]] == [
        ("headline", 0, 4, {"start": 0, "end": 5}),  # the bridge is two UTF-16 units
        ("body", 6, 12, {"start": 7, "end": 13}),
    ]
    assert written["published_raw"] == "Feb 06, 2022, 05:26 PM IST"


def test_a_dict_may_hold_nouns() -> None:
    assert json_text({"summary": nouns.VIEW, "ids": ["a"]}) == (
        '{"summary":{"sequence":3,"articles":1,"passages":1,"layout":"memory"},"ids":["a"]}'
    )


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_number_that_json_has_not_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text(types.Best("a", 0, 1, score))


def test_characters_stay_as_they_are() -> None:
    assert '"question":"a\udc80 é 🌉"' in json_text(nouns.reply("a\udc80 é 🌉"))


def test_every_dataclass_that_leaves_has_a_schema_with_its_fields() -> None:
    nouns_of_ours = [noun for noun in vars(types).values() if is_dataclass(noun) and isinstance(noun, type)]
    inside = {"Page", "Article", "Filters"}  # what never leaves as it is
    for noun in nouns_of_ours:
        if noun.__name__ not in inside:
            assert list(json_schema(noun)["properties"]) == [field.name for field in fields(noun)]


def test_a_citation_that_leaves_may_come_back() -> None:
    citation = nouns.citation("3 million")
    sent = json.loads(json_text(citation))
    later = {**sent, "signature": "of a later version"}
    for value in (sent, later):
        [back] = citations.VerifyRequest.model_validate({"citations": [value]}).citations
        assert back.citation() == citation


def test_a_schema_without_defaults_has_no_default() -> None:
    assert "default" not in json.dumps(json_schema(Reply))
    assert contract.contract()["AskRequest"]["properties"]["top_k"]["default"] == 5
    assert contract.contract()["AskRequest"]["required"] == ["question"]
    assert contract.contract()["AskRequest"]["additionalProperties"] is False


def test_a_field_called_title_keeps_its_schema() -> None:
    tidied = schemas.tidied({"title": "A", "properties": {"title": {"title": "Title", "type": "string"}}}, True)
    assert tidied == {"properties": {"title": {"type": "string"}}}


def test_the_schemas_load_no_server_and_no_engine() -> None:
    heavy = ["fastapi", "starlette", "uvicorn", "torch", "onnxruntime", "tokenizers", "faiss", "tantivy", "apsw"]
    code = f"import sys, api.schemas, api.errors, api.settings; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
