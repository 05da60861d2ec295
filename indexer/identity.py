"""Which article is which: ids, the canonical form of a URL, and origins."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, quote, urlsplit

from indexer.errors import InvalidInput
from indexer.types import Page

ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}"

# Parameters that tell where a reader came from, never which article is shown.
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|igshid|mc_[ce]id|_ga|_hsenc|_hsmi|ocid|cmpid|ns_mchannel)",
    re.IGNORECASE,
)
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_PORTS = {"http": 80, "https": 443}


def check_id(id: str) -> str:
    """The id itself. Raises InvalidInput: it does not match `ID_PATTERN`."""
    if not re.fullmatch(ID_PATTERN, id):
        shown = id if len(id) <= 40 else id[:40] + "…"
        raise InvalidInput(
            "id", f"{shown!r} is not an id: use 1 to 128 of A-Z a-z 0-9 . _ ~ -, with a letter or digit first"
        )
    return id


def article_id(page: Page) -> str:
    """The id a page gives, else the first 20 hex digits of sha256(canonical URL, else origin).

    Raises InvalidInput: the given id does not match `ID_PATTERN`.
    """
    if page.id is not None:
        return check_id(page.id)
    key = canonical_url(page.url) if page.url else page.origin
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:20]


def is_web_url(url: str) -> bool:
    """Whether a URL is http or https with a host: the only kind that may become a link."""
    try:
        parts = urlsplit(url.strip())
        return parts.scheme in _PORTS and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", url.strip())
    except ValueError:
        return False


def canonical_url(url: str) -> str:
    """One spelling for all the URLs of one page; never shown, only compared and hashed.

    http and https are one, as are hosts in any case; default ports, fragments, tracking parameters and needless
    percent-escapes go. What may tell two pages apart (path case, other parameters and their order) stays.
    `canonical_url("HTTP://Ex.com:80/a?utm_source=x#b") == "https://ex.com/a"`
    """
    url = url.strip()
    if not is_web_url(url):
        return url
    parts = urlsplit(url)
    host = _host(parts.hostname or "")
    try:
        port = parts.port
    except ValueError:
        return url
    if port is not None and port != _PORTS[parts.scheme]:
        host = f"{host}:{port}"
    path = _without_dots(_escapes(parts.path)) or "/"
    query = "&".join(part for part in parts.query.split("&") if part and not _is_tracking(part))
    return f"https://{host}{path}" + (f"?{_escapes(query)}" if query else "")


def without_tracking(url: str) -> str:
    """The URL without parameters that tell where a reader came from; nothing else is changed.

    `without_tracking("http://Ex.com/a?utm_source=x&id=7#b") == "http://Ex.com/a?id=7#b"`
    """
    head, question, rest = url.partition("?")
    query, hash, fragment = rest.partition("#")
    if not question or "#" in head:
        return url
    kept = "&".join(part for part in query.split("&") if not _is_tracking(part))
    return head + (f"?{kept}" if kept else "") + hash + fragment


def _host(name: str) -> str:
    name = name.rstrip(".").lower()
    if ":" in name:
        return f"[{name}]"
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:  # not a name that DNS could hold: it still tells pages apart
        return name


def _is_tracking(part: str) -> bool:
    names = parse_qsl(part, keep_blank_values=True)
    return bool(names) and _TRACKING.fullmatch(names[0][0]) is not None


def _escapes(text: str) -> str:
    """RFC 3986, 6.2.2: escapes in upper case, none for an unreserved character, one for each that is not ASCII."""

    def one(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return quote(re.sub(r"%([0-9A-Fa-f]{2})", one, text), safe="/%:@!$&'()*+,;=?~[]|")


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4, on whole segments; empty segments stay, for some sites tell them apart."""
    if "." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)
