"""The figures of `make bench`, as a table and a plot."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.peers.job import Place
from reader.evaluate import exact_match, f1
from retriever.evaluate import Judged, holds, mean

_SHOWN = 10  # passages that count for recall


class Run(NamedTuple):
    """One system: what indexing it said, and what asking it said."""

    name: str
    indexed: dict[str, Any]
    asked: dict[str, Any]


def marks(row: dict[str, Any], judged: Judged, texts: dict[str, str]) -> dict[str, float]:
    """One reply against the gold answers; a measure that does not apply is left out.

    right@k: one of the first k answers equals or contains a gold one. passage: one of the first ten passages is of a
    right article and holds a gold answer. offsets: of the first answer, in the whole article.
    """
    answers = [Place(*one) for one in row["answers"]]
    right = [holds(one.text, judged.answers) for one in answers[:5]]
    first = answers[0].text if answers else ""
    passages = [Place(*one) for one in row["passages"][:_SHOWN]]
    found = {
        "right@1": float(any(right[:1])),
        "right@5": float(any(right)),
        "EM": max(exact_match(first, answer) for answer in judged.answers),
        "F1": max(f1(first, answer) for answer in judged.answers),
        "answered": float(row["answered"]),
        "right@1, answered": float(row["answered"] and any(right[:1])),
        "passage": float(any(p.article in judged.articles and holds(p.text, judged.answers) for p in passages)),
    }
    if answers and answers[0].article is not None:
        found["offsets"] = float(_stands(answers[0], texts))
    return found


def _stands(one: Place, texts: dict[str, str]) -> bool:
    given = one.article is not None and one.start is not None and one.end is not None
    return given and texts[str(one.article)][one.start : one.end] == one.text


def figures(run: Run, questions: dict[str, Judged], texts: dict[str, str]) -> dict[str, Any]:
    """All figures of one system."""
    rows = [(row, marks(row, questions[row["id"]], texts)) for row in run.asked["rows"]]
    names = ("right@1", "right@5", "EM", "F1", "answered", "right@1, answered", "passage", "offsets")
    kept = {name: [made[name] for _, made in rows if name in made] for name in names}
    return {
        "rows": [made for _, made in rows],
        **{name: mean(values) if values else None for name, values in kept.items()},
        **{
            what: _spread([row[f"{what}_ms"] for row, _ in rows]) for what in ("ask", "search", "ask_cpu", "search_cpu")
        },
        "index_s": run.indexed["seconds"],
        "passages": run.indexed["passages"],
        "ask_mb": run.asked["peak_mb"],
        "index_mb": run.indexed["peak_mb"],
    }


def _spread(values: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.percentile(np.array(values), [50, 95]).tolist()
    return p50, p95


def difference(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]], name: str) -> str:
    """Ours less theirs on the same questions, with its 95 % interval (paired bootstrap)."""
    found = mean([a[name] - b[name] for a, b in zip(ours, theirs, strict=True)])
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def write(runs: Sequence[Run], judged: Sequence[Judged], articles: Path, out: Path, whole: bool = False) -> None:
    """Write peers.md's table between its marks, and peers.svg. whole: of a whole archive; indexing is left out."""
    texts = {row["id"]: row["text"] for row in map(json.loads, articles.read_text("utf-8").splitlines())}
    questions = {one.id: one for one in judged}
    made = {run.name: figures(run, questions, texts) for run in runs}
    table = _table(made, len(texts), len(judged), [line for line in _LINES if not whole or "indexing" not in line[0]])
    file, begin, end = out / "peers.md", *(_MARKS_WHOLE if whole else _MARKS)
    before, _, rest = file.read_text("utf-8").partition(begin)
    _, _, after = rest.partition(end)
    file.write_text(f"{before}{begin}{table}{end}{after}", "utf-8")
    if not whole:
        (out / "peers.svg").write_text(plot(made), "utf-8")
    print(table)


_MARKS = ("<!-- table -->\n", "<!-- end -->\n")
_MARKS_WHOLE = ("<!-- whole -->\n", "<!-- end of whole -->\n")


_Line = tuple[str, Callable[[dict[str, Any]], str]]
_LINES: tuple[_Line, ...] = (
    ("indexing, s", lambda f: f"{f['index_s']:.0f}"),
    ("passages", lambda f: f"{f['passages']:,}"),
    ("ask, ms: p50, p95", lambda f: f"{f['ask'][0]:.0f}, {f['ask'][1]:.0f}"),
    ("search, ms: p50, p95", lambda f: f"{f['search'][0]:.0f}, {f['search'][1]:.0f}"),
    ("of the processor, ms: ask, search (p50)", lambda f: f"{f['ask_cpu'][0]:.0f}, {f['search_cpu'][0]:.0f}"),
    ("peak memory while indexing, MB", lambda f: f"{f['index_mb']:,}"),
    ("peak memory while asking, MB", lambda f: f"{f['ask_mb']:,}"),
    ("right@1", lambda f: _share(f["right@1"])),
    ("right@5", lambda f: _share(f["right@5"])),
    ("EM", lambda f: _share(f["EM"])),
    ("F1", lambda f: _share(f["F1"])),
    ("answered", lambda f: _share(f["answered"])),
    ("right@1 and answered", lambda f: _share(f["right@1, answered"])),
    ("right passage among 10", lambda f: _share(f["passage"])),
    ("offsets right in the whole article", lambda f: _share(f["offsets"])),
)


def _table(made: dict[str, dict[str, Any]], n_articles: int, n_questions: int, rows: Sequence[_Line]) -> str:
    lines = [
        f"{n_questions} questions, {n_articles:,} articles.",
        "",
        f"| | {' | '.join(made)} |",
        f"|---|{'---|' * len(made)}",
        *(f"| {name} | {' | '.join(cell(one) for one in made.values())} |" for name, cell in rows),
        "",
        "Pullquote less the other, on the same questions, with 95 % intervals; and how many times faster it is (p50):",
        "",
        "| | right@1 | right@5 | F1 | right passage | ask | search |",
        "|---|---|---|---|---|---|---|",
    ]
    (_, ours), *others = made.items()
    for name, theirs in others:
        cells = [difference(ours["rows"], theirs["rows"], what) for what in ("right@1", "right@5", "F1", "passage")]
        cells += [f"{theirs[what][0] / ours[what][0]:.1f} x" for what in ("ask", "search")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _share(found: Any) -> str:  # noqa: ANN401 - Mean or None
    return "none given" if found is None else f"{found.mean:.3f} ({found.low:.3f}–{found.high:.3f})"


_PANELS: tuple[tuple[str, Callable[[dict[str, Any]], float]], ...] = (
    ("right@1", lambda f: f["right@1"].mean),
    ("F1", lambda f: f["F1"].mean),
    ("ask, ms (p50)", lambda f: f["ask"][0]),
    ("search, ms (p50)", lambda f: f["search"][0]),
    ("indexing, s", lambda f: f["index_s"]),
    ("memory while asking, MB", lambda f: f["ask_mb"]),
)


def plot(made: dict[str, dict[str, Any]]) -> str:
    """Bars, a panel a figure."""
    wide, row, head = 340, 20, 30
    tall = head + row * len(made) + 14
    parts = []
    for number, (title, value) in enumerate(_PANELS):
        x, y = wide * (number % 3), tall * (number // 3)
        most = max(value(one) for one in made.values()) or 1.0
        parts.append(f'<text x="{x + 8}" y="{y + 20}" font-weight="bold">{escape(title)}</text>')
        for at, (name, one) in enumerate(made.items()):
            top, length = y + head + row * at, 130 * value(one) / most
            shade = "#8a1c1c" if at == 0 else "#9aa5b1"
            shown = f"{value(one):.2f}" if most <= 1 else f"{value(one):,.0f}"
            parts.append(f'<text x="{x + 8}" y="{top + 13}">{escape(name)}</text>')
            parts.append(f'<rect x="{x + 140}" y="{top + 2}" width="{length:.1f}" height="14" fill="{shade}"/>')
            parts.append(f'<text x="{x + 146 + length:.1f}" y="{top + 13}">{shown}</text>')
    size = f'width="{3 * wide}" height="{2 * tall}"'
    style = 'font-family="sans-serif" font-size="12"'
    back = '<rect width="100%" height="100%" fill="#fff"/>'
    inside = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n{back}\n{inside}\n</svg>\n'
