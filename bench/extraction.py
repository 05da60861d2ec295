"""Articles out of web pages, beside trafilatura's plain output: `python -m bench.extraction FOLDER`.

FOLDER holds article-extraction-benchmark.tar.xz (https://github.com/scrapinghub/article-extraction-benchmark, 181 pages
with their article bodies) and readability_test_pages.tar.xz (Mozilla's Readability, 130 pages with their metadata).
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import statistics
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from indexer.clean import clean
from indexer.dates import parse_published
from indexer.errors import SourceUnreadable
from indexer.sources.html import HtmlSource
from indexer.sources.options import SourceOptions
from indexer.sources.source import Given
from indexer.types import Article, Page

BENCHMARK, READABILITY = "article-extraction-benchmark.tar.xz", "readability_test_pages.tar.xz"
_WORD = re.compile(r"\w+")
_SHINGLE = 4  # words, as in the benchmark's own evaluation

Shingles = Counter[tuple[str, ...]]


class Scores(NamedTuple):
    """Means over pages, as the benchmark's evaluation takes them. left: lines of no article body, `seconds` for all."""

    f1: float
    precision: float
    recall: float
    left: int
    seconds: float


def shingles(text: str) -> Shingles:
    """Every run of four words, with its count; a shorter text is one shingle."""
    words = _WORD.findall(text)
    runs = (tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)))
    return Counter(run for run in runs if run)


def score(truth: Mapping[str, str], found: Mapping[str, str], left: int, seconds: float) -> Scores:
    """Precision and recall of shingles, averaged over pages; F1 of the two means."""
    precisions, recalls = [], []
    for key, body in truth.items():
        wanted, got = shingles(body), shingles(found[key])
        both = (wanted & got).total()
        if got:
            precisions.append(both / got.total())
        if wanted:
            recalls.append(both / wanted.total())
    precision, recall = statistics.mean(precisions), statistics.mean(recalls)
    return Scores(2 * precision * recall / (precision + recall), precision, recall, left, seconds)


def lines_left(body: str, lines: Iterable[str]) -> int:
    """How many lines hold words that do not stand together in the article's body: buttons, links, captions."""
    truth = " ".join(_WORD.findall(body))
    spoken = (" ".join(_WORD.findall(line)) for line in lines)
    return sum(1 for line in spoken if line and line not in truth)


def bodies(pages: Mapping[str, str], truth: Mapping[str, Any]) -> dict[str, Scores]:
    """Pullquote's text, what of it can be quoted, and trafilatura's plain output, on the same pages in one run."""
    import trafilatura

    urls = {key: truth[key].get("url") for key in pages}
    wanted = {key: truth[key]["articleBody"] for key in pages}

    def plain(comments: bool) -> Callable[[str], list[str]]:
        def lines(key: str) -> list[str]:
            text = trafilatura.extract(pages[key], url=urls[key], include_comments=comments)
            return (text or "").splitlines()

        return lines

    def ours(key: str) -> list[str]:
        article = article_of(pages[key], urls[key])
        return article.text.splitlines() if article else []

    def quotable(key: str) -> list[str]:
        article = article_of(pages[key], urls[key])
        kept = [block for block in article.blocks if block.kind in {"body", "summary"}] if article else []
        return [line for b in kept if article for line in article.text[b.start : b.end].splitlines()]

    runs = {
        "Pullquote, the whole text": ours,
        "Pullquote, what can be quoted": quotable,
        "trafilatura, plain": plain(comments=True),
        "trafilatura, plain, without comments": plain(comments=False),
    }
    return {name: _run(run, wanted) for name, run in runs.items()}


def _run(lines_of: Callable[[str], list[str]], truth: Mapping[str, str]) -> Scores:
    begun = time.perf_counter()
    found = {key: lines_of(key) for key in truth}
    seconds = time.perf_counter() - begun
    left = sum(lines_left(body, found[key]) for key, body in truth.items())
    return score(truth, {key: "\n".join(lines) for key, lines in found.items()}, left, seconds)


def article_of(html: str, url: str | None) -> Article | None:
    """The article that `pullquote index` would store of a page; None where it would refuse it."""
    (page,) = HtmlSource().read(io.BytesIO(html.encode()), "bench:", SourceOptions(), Given(url=url))
    try:
        return clean(page) if isinstance(page, Page) else None
    except SourceUnreadable:
        return None


class Accuracy(NamedTuple):
    """right: of `said` pages that say it. silent: of `unsaid` pages, on how many we say nothing either."""

    right: int
    said: int
    silent: int
    unsaid: int


def metadata(pages: Mapping[str, str], expected: Mapping[str, Mapping[str, Any]]) -> dict[str, Accuracy]:
    """Title, author and day of publication, compared with what Readability's authors expect."""
    found = {key: article_of(html, None) for key, html in pages.items()}
    fields: dict[str, tuple[str, Callable[[Article], str | None], Callable[[str | None, str], bool]]] = {
        "title": ("title", lambda article: article.title, _same_title),
        "author": ("byline", lambda article: article.author, _same_people),
        "date": ("publishedTime", lambda article: article.published_at, _same_day),
    }
    return {name: _accuracy(expected, found, *how) for name, how in fields.items()}


def _accuracy(
    expected: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, Article | None],
    field: str,
    ours: Callable[[Article], str | None],
    same: Callable[[str | None, str], bool],
) -> Accuracy:
    read = {key: article for key, article in found.items() if article is not None}
    said = [key for key in read if expected[key].get(field)]
    unsaid = [key for key in read if not expected[key].get(field)]
    right = sum(same(ours(read[key]), str(expected[key][field])) for key in said)
    return Accuracy(right, len(said), sum(ours(read[key]) is None for key in unsaid), len(unsaid))


def _letters(text: str | None) -> str:
    return "".join(char for char in (text or "").casefold() if char.isalnum())


def _same_title(ours: str | None, theirs: str) -> bool:
    """Whether a title is the other, but for a site's name before or behind it."""
    one, other = _letters(ours), _letters(theirs)
    return bool(one) and (one == other or (min(len(one), len(other)) >= 10 and (one in other or other in one)))


def _same_people(ours: str | None, theirs: str) -> bool:
    """Whether the names are the same, but for "By", roles and dates beside them."""
    one, other = _letters(ours), _letters(re.sub(r"^\s*by\b", "", theirs, flags=re.IGNORECASE))
    return len(one) >= 2 and (one in other or other in one)


def _same_day(ours: str | None, theirs: str) -> bool:
    """Within a day: where a time has no zone, the day in UTC may be the next."""
    at = parse_published(theirs).at or theirs[:10]
    days = [int(day.replace("-", "")) for day in ((ours or "0")[:10], at[:10])]
    return abs(days[0] - days[1]) <= 1


def load(folder: Path) -> tuple[dict[str, str], dict[str, Any], dict[str, str], dict[str, Any]]:
    """Pages and truths of both sets. Raises FileNotFoundError: they are not in the folder."""
    bench_pages: dict[str, str] = {}
    truth: dict[str, Any] = {}
    for name, data in _members(folder / BENCHMARK):
        if name.endswith(".html.gz"):
            bench_pages[Path(name).name.removesuffix(".html.gz")] = gzip.decompress(data).decode()
        elif name.endswith("ground-truth.json"):
            truth = json.loads(data)
    meta_pages: dict[str, str] = {}
    expected: dict[str, Any] = {}
    for name, data in _members(folder / READABILITY):
        key = Path(name).parent.name
        if name.endswith("/source.html"):
            meta_pages[key] = data.decode("utf-8", "replace")
        elif name.endswith("/expected-metadata.json"):
            expected[key] = json.loads(data)
    return bench_pages, truth, meta_pages, expected


def _members(path: Path) -> Iterable[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and (stream := archive.extractfile(member)):
                yield member.name, stream.read()


def report(folder: Path) -> str:
    """Both measurements as tables of Markdown."""
    pages, truth, meta_pages, expected = load(folder)
    out = [
        f"| {len(truth)} pages | F1 | precision | recall | lines of no article left | time |",
        "|---|---|---|---|---|---|",
    ]
    found = bodies(pages, truth)
    base = found["trafilatura, plain, without comments"].seconds
    for name, scores in found.items():
        shares = " | ".join(f"{value:.3f}" for value in scores[:3])
        out.append(f"| {name} | {shares} | {scores.left} | {scores.seconds / base:.1f} |")
    out += [
        "",
        f"| {len(expected)} pages | right | of those that say it | null where it is not said |",
        "|---|---|---|---|",
    ]
    for field, accuracy in metadata(meta_pages, expected).items():
        share = accuracy.right / accuracy.said
        out.append(f"| {field} | {share:.3f} | {accuracy.said} | {accuracy.silent} of {accuracy.unsaid} |")
    return "\n".join(out)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; exit code 1 where the pages are not there."""
    parser = argparse.ArgumentParser(prog="python -m bench.extraction", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../shared/data/html"))
    folder = parser.parse_args(arguments).folder
    try:
        sys.stdout.write(report(folder) + "\n")
    except FileNotFoundError as missing:
        sys.stderr.write(f"{missing.filename} is not there: name the folder that holds {BENCHMARK} and {READABILITY}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
