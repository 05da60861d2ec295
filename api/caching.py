"""What a GET may keep: a reply holds while the archive is what it was, so its tag is the view's sequence number."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from indexer.types import ViewInfo

_TAG = re.compile(r'(?:W/)?"([^"]*)"')


class Tags:
    """Makes the ETags of one service. They begin with a random part, so that no other archive has the same."""

    def __init__(self) -> None:
        self._salt = secrets.token_hex(4)

    def headers(self, view: ViewInfo) -> dict[str, str]:
        """The headers of a reply from this view: keep it, but ask each time, as an article may be deleted."""
        # weak (RFC 9110, 8.8.1): the timings in a reply differ from one time to the next
        return {"ETag": f'W/"{self._of(view)}"', "Cache-Control": "no-cache"}

    def unchanged(self, request: Request, view: ViewInfo) -> Response | None:
        """304 without a body if the client holds what this view would say, else None."""
        if self._of(view) in _TAG.findall(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=self.headers(view))
        return None

    def _of(self, view: ViewInfo) -> str:
        layout = hashlib.sha256(view.layout.encode()).hexdigest()[:8]  # merges change the scores of BM25
        return f"{self._salt}-{view.sequence}-{layout}"


def server_timing(timings_ms: Mapping[str, float]) -> dict[str, str]:
    """Stages and their milliseconds as a Server-Timing header (W3C), which browsers show in their tools."""
    return {"Server-Timing": ", ".join(f"{stage};dur={spent:.1f}" for stage, spent in timings_ms.items())}
