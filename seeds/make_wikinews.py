"""Make wikinews.jsonl from a crawl of Wikinews: `python seeds/make_wikinews.py CSV.GZ… > seeds/wikinews.jsonl`.

Columns in: url, date, title, text. The texts stay as they were crawled, line ends and spaces too.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import unicodedata
from collections.abc import Iterator


def records(path: str) -> Iterator[dict[str, str]]:
    """One article a row; its id is date and title, so that a person can tell what it stands for."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            plain = unicodedata.normalize("NFKD", row["title"]).encode("ascii", "ignore").decode().lower()
            words = re.findall(r"[a-z0-9]+", plain.replace("'", ""))
            yield {
                "id": "-".join(["wikinews", row["date"], *words[:8]]),
                "title": row["title"],
                "text": row["text"],
                "url": row["url"].replace(".org//", ".org/"),
                "source": "Wikinews",
                "published_at": row["date"],
            }


if __name__ == "__main__":
    csv.field_size_limit(10_000_000)
    for path in sys.argv[1:]:
        for record in records(path):
            sys.stdout.buffer.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
