"""docs/errors.md, written from the catalogue: `python -m api.catalogue`; a test holds it to the code."""

from __future__ import annotations

from pathlib import Path

from api.errors import CATALOGUE

FILE = Path(__file__).parent.parent / "docs" / "errors.md"
_HEAD = """\
# Errors of the HTTP service

Every error is problem JSON (RFC 9457): `type`, `title`, `status`, `detail` (what happened and what to do),
`request_id` (as in `X-Request-ID` and the log) and, for a refused request, `errors` with each fault's `field`.
`type` is `urn:pullquote:` and a name below, and never changes; titles and details may be reworded. Besides these,
an address with nothing is `not-found` (404), a method that is not taken `method-not-allowed` (405), and what
should never happen `internal` (500).

| type | status | title | Retry-After |
|---|---|---|---|
"""


def document() -> str:
    """The whole page."""
    kinds = sorted(CATALOGUE.values(), key=lambda kind: (kind.status, kind.type))
    rows = [f"| `{kind.type}` | {kind.status} | {kind.title} | {'yes' if kind.retry_after else ''} |" for kind in kinds]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    FILE.write_text(document(), "utf-8", newline="\n")
