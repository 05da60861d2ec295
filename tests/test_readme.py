"""The README shows what the program prints."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pullquote import Archive

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def project(seeds: Archive, tmp_path: Path) -> Path:
    """A folder with the archive of `make demo`."""
    shutil.copytree(seeds.path, tmp_path / "demo-archive")
    return tmp_path


def anywhere(text: str) -> str:
    """What differs from machine to machine left out: an id made of a file's place, the last digits of a score."""
    return re.sub(r"score [\d.]+", "score <n>", re.sub(r"\b[0-9a-f]{20}\b", "<id>", text))


def test_commands_print_what_the_readme_shows(project: Path) -> None:
    steps = re.findall(r"^\$ (pullquote .+)\n((?:(?!\$ |```).*\n)*)", README, re.M)
    assert steps, "README.md shows no command"
    for command, shown in steps:
        program, *arguments = shlex.split(command)
        words = [str(Path(sys.executable).with_name(program)), *arguments]
        printed = subprocess.check_output(words, cwd=project, text=True, env={**os.environ, "COLUMNS": "80"})
        assert anywhere(printed) == anywhere(shown), command


def test_the_python_of_the_readme_runs(project: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    assert blocks, "README.md shows no Python"
    for block in blocks:
        subprocess.run([sys.executable, "-W", "error", "-c", block], cwd=project, check=True)


def test_links_to_files_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = set(re.findall(r"`?make ([a-z]+)\b", README))
    assert named >= {"demo", "test", "serve", "browser"}
    assert named <= targets


def test_architecture_stays_short_and_names_what_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert text.count("\n") <= 200
    for path in re.findall(r"`((?:indexer|retriever|reader|api)/[a-z_/]+(?:\.py|/))`", text):
        assert (ROOT / path).exists(), path
