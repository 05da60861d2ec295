"""What headlines, bylines and datelines look like."""

from __future__ import annotations

import re
from typing import NamedTuple

from indexer.dates import find_date
from indexer.patterns import AnyOf

_ROLE = (
    r"(?:team|desk|web desk|bureau|staff|(?:staff )?(?:writer|reporter|correspondent|editor|contributor|columnist)s?"
    r"|news service|newsroom|agenc(?:y|ies)|staff reports)"
)
_AGENCY = AnyOf(
    r"(?:the )?associated press|ap|reuters|afp|agence france-presse|pti|press trust of india|ani|ians|upi|xinhua|dpa",
    r"bloomberg(?: news)?|(?:from )?(?:[\w ]{1,30} )?(?:staff|wire|agency)(?: and (?:staff|wire|agency))? reports",
)
_BY = AnyOf(r"(?:(?:written|reported|words|story|posted|published|text) )?by:?\s(?=\S)")
_AUTHOR_LABEL = AnyOf(r"(?:authors?|written by|reporters?|byline)\s?[:|]\s?(?=\S)")
_PARTICLE = r"(?:\s(?:de|da|del|van|von|der|bin|al|el|la|le|dos|du|ibn|y))*"
_NAME = rf"(?:[A-Z][\w.'’-]*{_PARTICLE}\s){{1,4}}[A-Z][\w.'’-]+"
_NAME_LIST = rf"{_NAME}(?:(?:, and | and | & |, ){_NAME}){{0,5}}"
_NAMES = AnyOf(_NAME_LIST, case=True)
_DESK = AnyOf(rf"(?:[A-Z][\w.'’&-]*(?:\s[\w.'’&-]+){{0,4}}\s)?{_ROLE}")
_ROLES = AnyOf(rf"\b{_ROLE}\b")
_TITLE = AnyOf(rf"(?:,? (?:AP|AFP|CNN|Reuters))?(?: \w+)? {_ROLE}$")
# "LONDON (Reuters) —" on a line of its own above the text that it opens.
_OPENING_PLACE = AnyOf(r"(?:[A-Z][\w.,'’&-]*\s|and\s|\([A-Z][\w. ]*\)\s){1,6}[–—-]", r"\([A-Z]{2,}\)", case=True)

# Behind a place without a space ("ChinaUpdated:") as sites run them together, but no tail of a word ("Birthdate").
_DATE_LABEL = AnyOf(
    r"(?:(?<![^\W\d_])|(?-i:(?=[A-Z])))(?:(?:first|last|originally) )?"
    r"(?:published|updated|posted|modified|created|dated?|issued|filed)(?: (?:on|at|date|time))?\b[\s:|-]*"
)
_PLACE = AnyOf(r"[^\W\d_][\w.'’-]*(?:(?:,\s?|\s|/|-)[^\W\d_][\w.'’-]*){0,5}")
_REPORT = re.compile(
    r"[A-Z][A-Z.'’-]+(?: [A-Z][A-Z.'’-]+){0,3}(?:, [A-Z][\w. ]{1,20})?(?: \([A-Z][\w. ]+\))? ?[—–-]{1,2} ?\S"
)
_SITE = re.compile(r"\s[|–—-]\s[^|–—-]{1,40}$")
_CUT = ("…", "...")
_SEPARATORS = " \t\u00a0,;:|/()[]·•–—-"


class Dateline(NamedTuple):
    """date: as printed, with time and zone, "" in a bare place line. label: "updated", "published", … or ""."""

    date: str
    label: str


def byline(line: str) -> str | None:
    """Whom a line names if it does nothing else: "By Jane Doe", "Metro Web Team", "AP"; None where it is no byline."""
    if len(line) > 150 or line[-1:] in "?!;:":
        return None
    for opening in (_BY, _AUTHOR_LABEL):
        if (found := opening.re.match(line)) and (name := _author(line[found.end() :])):
            return name
    if _AGENCY.re.fullmatch(line):
        return line
    return line if _DESK.re.fullmatch(line) and _is_title_case(line) else None


def is_name(line: str) -> bool:
    """Whether a line could be people's names and nothing else; so could many headlines: ask where it stands."""
    return len(line) <= 100 and _NAMES.re.fullmatch(line) is not None


def dateline(line: str) -> Dateline | None:
    """What a line of nothing but dates, labels and perhaps a place says: "Oslo, NorwayUpdated: Feb 06, 2022"."""
    if len(line) > 150:
        return None
    if _OPENING_PLACE.re.fullmatch(line):
        return Dateline("", "")
    found: list[Dateline] = []
    rest = ""
    while span := find_date(line):
        before = line[: span[0]]
        found.append(Dateline(line[slice(*span)], _last_label(before)))
        rest += _DATE_LABEL.re.sub(" ", before)
        line = line[span[1] :]
    if not found:
        return None
    rest = (rest + " " + _DATE_LABEL.re.sub(" ", line)).strip(_SEPARATORS.replace(":", ""))
    if rest and not (_PLACE.re.fullmatch(rest) and _is_title_case(rest)):
        return None
    first = [date for date in found if "publ" in date.label or "post" in date.label]
    return (first or found)[0]


def opens_report(line: str) -> bool:
    """Whether a line is a report's first, behind the place that it is from: "LOS ANGELES — Karen Bass was sworn in"."""
    return _REPORT.match(line) is not None


def headline(line: str) -> bool:
    """Whether a line could be a headline: three to thirty words, and no sentence with its full stop."""
    words = len(line.split())
    long_enough = words >= 3 or (not line.isascii() and len(line) >= 8)  # some scripts put no spaces between words
    return long_enough and words <= 30 and len(line) <= 200 and not re.search(r"(?<!\.\.)[.;:,。](?:[\"'”’)]*)$", line)


def same(line: str, title: str) -> bool:
    """Whether a line is a title, but for case, punctuation, a site's name behind either ("… - BBC News"), or a cut."""
    if len(line) > 2 * len(title) + 80:
        return False
    if {_letters(line), _letters(_SITE.sub("", line))} & {_letters(title), _letters(_SITE.sub("", title))} - {""}:
        return True
    whole, cut = (line, title) if title.endswith(_CUT) else (title, line)
    return cut.endswith(_CUT) and len(_letters(cut)) >= 15 and _letters(whole).startswith(_letters(cut))


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _last_label(before: str) -> str:
    labels = list(_DATE_LABEL.re.finditer(before))
    return labels[-1].group().strip(" :|-").lower() if labels else ""


def _author(rest: str) -> str | None:
    """The names at the start of a byline; what stands behind them may be a role, a place or an agency, no sentence."""
    if _AGENCY.re.fullmatch(rest):
        return rest
    found = _NAMES.re.match(rest)
    if not found:
        return None
    behind = rest[found.end() :].strip(" ,")
    if behind and behind[0].isalnum() and not _is_title_case(_ROLES.re.sub("", behind)):
        return None
    return _TITLE.re.sub("", found.group()).rstrip(",") or found.group()


def _is_title_case(text: str) -> bool:
    words = re.findall(r"[^\W\d_][\w'’.-]{3,}", text)
    return not any(word[0].islower() for word in words)
