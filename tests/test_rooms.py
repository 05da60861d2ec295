"""The Python door is a module, which import-linter does not look into: what it knows is checked here."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

DOOR = Path(__file__).parent.parent / "pullquote.py"


def test_the_python_door_knows_only_the_rooms_below() -> None:
    names = set()
    for node in ast.walk(ast.parse(DOOR.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).partition(".")[0])
    assert names - set(sys.stdlib_module_names) <= {"indexer", "retriever", "reader", "numpy"}
    assert "indexer" in names
