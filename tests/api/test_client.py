"""The page's files, as text: what must never be in them."""

from __future__ import annotations

import re
from pathlib import Path

CLIENT = Path(__file__).parents[2] / "api" / "client"
SINKS = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|\beval\b|new Function")


def test_no_script_parses_markup() -> None:
    scripts = sorted(CLIENT.glob("*.js"))
    assert scripts
    assert [script.name for script in scripts if SINKS.search(script.read_text("utf-8"))] == []


def test_the_page_has_no_inline_code_and_names_no_other_server() -> None:
    html = (CLIENT / "index.html").read_text("utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|https?://", html)
    assert not re.search(r"https?://|@import", (CLIENT / "style.css").read_text("utf-8"))


def test_every_import_names_a_file_of_the_client() -> None:
    for script in CLIENT.glob("*.js"):
        for name in re.findall(r'from "([^"]+)"', script.read_text("utf-8")):
            assert (CLIENT / name).is_file(), f"{script.name} imports {name}"
