"""The manual says what the program says."""

from __future__ import annotations

import re

import pytest

from api.settings import Settings
from docs import refresh

MANUAL = refresh.MANUAL.read_text("utf-8")


@pytest.mark.parametrize("verb", refresh.verbs())
def test_every_verb_has_help_and_stands_in_the_manual(verb: str) -> None:
    printed = refresh.help_of(verb)
    sentence = printed.split("\n\n")[1].strip()
    assert len(sentence) > 10
    assert sentence.endswith(".")
    assert f"\n## {verb}\n" in MANUAL
    assert f"```text\n$ pullquote {verb} --help\n{printed}\n```" in MANUAL


@pytest.mark.parametrize("verb", refresh.verbs())
def test_every_option_is_explained(verb: str) -> None:
    options = refresh.help_of(verb).partition("Options:\n")[2]
    assert {"--archive", "--json", "--help"} <= set(re.findall(r"^  (--[a-z-]+)", options, re.MULTILINE))
    assert not re.search(r"^  --\S+( \S+)?\n  --", options, re.MULTILINE), "an option without help"


def test_the_manual_describes_no_verb_that_is_gone() -> None:
    assert re.findall(r"^## (\w+(?: \w+)?)$", MANUAL, re.MULTILINE) == refresh.verbs()


def test_the_manual_is_fresh() -> None:
    assert refresh.refreshed(MANUAL) == MANUAL


def test_a_stale_manual_is_seen() -> None:
    stale = MANUAL.replace("Delete articles.", "Destroy articles.")
    assert stale != MANUAL
    assert refresh.refreshed(stale) == MANUAL


def test_every_example_of_the_manual_names_a_verb_and_its_options() -> None:
    examples = re.findall(r"^pullquote ([a-z]+)(.*)$", MANUAL, re.MULTILINE)
    assert len(examples) > 10
    for first, rest in examples:
        second = rest.split()[:1]
        verb = " ".join([first, *second]) if " ".join([first, *second]) in refresh.verbs() else first
        assert verb in refresh.verbs()
        assert set(re.findall(r" (--[a-z-]+)", rest)) <= set(re.findall(r"--[a-z-]+", refresh.help_of(verb)))


def test_every_setting_stands_in_the_manual_of_the_service_with_its_default() -> None:
    manual = (refresh.MANUAL.parent / "serve.md").read_text("utf-8")
    rows = {name: row for row in manual.splitlines() for name in re.findall(r"`(PULLQUOTE_\w+)`", row.split(" | ")[0])}
    assert set(rows) == {f"PULLQUOTE_{name.upper()}" for name in Settings.model_fields}
    for name in ("embedder", "reader", "host", "port", "rate", "log", "slots", "queue"):
        assert str(Settings.model_fields[name].default) in rows[f"PULLQUOTE_{name.upper()}"].split(" | ")[1], name
