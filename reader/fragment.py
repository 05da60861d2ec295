"""Links that open an article at the quotation: https://wicg.github.io/scroll-to-text-fragment/"""

from __future__ import annotations

from itertools import islice
from urllib.parse import urlsplit

from reader.rendered import Directive, Rendered

LONGEST = 300  # characters of a quotation that is written out whole; a longer one is given by its first and last words
_EDGE_WORDS = 4  # of a long quotation, at first
_MOST_ABOVE = 500  # characters before a title that stands in the text itself
_MOST_WORDS = 12  # of a prefix or a suffix, and added to an edge; what is ambiguous by then stays so


def link_to(url: str | None, text: str, start: int, end: int, title: str | None = None) -> str | None:
    """The article's URL with a text fragment for text[start:end], None without an http(s) URL or without a word.

    title: the article's; its page shows it above the text, so a link to words of it must tell the two places apart.
    """
    if url is None or not _is_web_page(url):
        return None
    above = f"{title}\n\n" if title and title not in text[: len(title) + _MOST_ABOVE] else ""
    directive = directive_for(above + text, len(above) + start, len(above) + end)
    if directive is None:
        return None
    page = url.split(":~:", 1)[0]
    return f"{page}{'' if '#' in page else '#'}:~:{directive}"


def directive_for(text: str, start: int, end: int) -> Directive | None:
    """A directive by which a browser finds text[start:end] and nothing else, with as little around it as it takes.

    It names whole words, since a browser matches nothing else; a quotation over `LONGEST`, or across lines, is given
    by its first and last words, as a browser looks for one string inside one block. Where nothing sets it apart, the
    shortest that finds it first, else the longest. None where text[start:end] holds no word.
    """
    page = Rendered(text)
    words = page.around(start, end)
    if words[0] > words[1]:
        return None
    first_found = None
    for n in range(_MOST_WORDS + 1):
        for before, after in ((n, 0), (0, n), (n, n)):
            directive = _directive(page, *words, before, after)
            found = list(islice(page.find(directive), 2))
            if found == [words]:
                return directive
            if first_found is None and found[:1] == [words]:
                first_found = directive
    return first_found or directive


def _directive(page: Rendered, first: int, last: int, before: int, after: int) -> Directive:
    """Words first..last, with so many words before and after them; each part stays on one line."""
    prefix = page.say(max(page.line(first - 1).start, first - before), first - 1) if before else ""
    suffix = page.say(last + 1, min(page.line(last + 1).end - 1, last + after)) if after else ""
    head, tail = page.line(first).end - 1, page.line(last).start
    if head >= last and len(page.say(first, last)) <= LONGEST:
        return Directive(prefix or None, page.say(first, last), None, suffix or None)
    edge, half = _EDGE_WORDS + max(before, after), (first + last) // 2
    start = page.say(first, min(head, half, first + edge - 1))
    end = page.say(max(tail, half + 1, last - edge + 1), last)
    return Directive(prefix or None, start, end or None, suffix or None)


def _is_web_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an unclosed bracket in the host
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)
