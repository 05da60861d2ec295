"""What headlines, bylines and datelines look like."""

from __future__ import annotations

import re
from typing import NamedTuple

from indexer.dates import find_date

_ROLE = (
    r"(?:team|desk|bureau|staff|staff writers?|staff reporters?|reporters?|correspondents?|(?:\w+ )?editors?|writers?|news service"
    r"|service|newsroom|agenc(?:y|ies)|web desk|columnist|contributors?)"
)
_BY = re.compile(r"(?:written |reported |words |story |posted |published |text )?by:?\s+(?=\S)", re.IGNORECASE)
_AUTHOR_LABEL = re.compile(r"(?:authors?|written by|reporters?|byline)\s?[:|]\s?(?=\S)", re.IGNORECASE)
_NAME = r"(?:(?:(?:[A-Z][\w.'’-]*|[A-Z]\.)(?:\s(?:de|da|del|van|von|der|bin|al|el|la|le|dos|du|ibn))*)\s){1,4}[A-Z][\w.'’-]+"
_NAMES = re.compile(rf"{_NAME}(?:(?:, | and | & |, and ){_NAME}){{0,5}}")
_DESK = re.compile(rf"[A-Z][\w.'’&-]*(?:\s[\w.'’&-]+){{0,4}}\s{_ROLE}", re.IGNORECASE)

_DATE_LABEL = re.compile(
    r"(?:(?:first|last|originally) )?(?:published|updated|posted|modified|created|date|dated|issued|filed)(?: (?:on|at|date|time))?\b[\s:|-]*",
    re.IGNORECASE,
)
_PLACE = re.compile(r"[^\W\d_][\w.'’-]*(?:(?:,\s?|\s|/|-)[^\W\d_][\w.'’-]*){0,5}")
_SEPARATORS = " \t\u00a0,;:|/()[]·•–—-"


class Dateline(NamedTuple):
    """date: as printed, with time and zone. label: "updated", "published", …, or "" where none is printed."""

    date: str
    label: str


def byline(line: str) -> str | None:
    """The author that a line names and does nothing else: "By Jane Doe", "WION Web Team"; None where it is no byline."""
    if len(line) > 150:
        return None
    for opening in (_BY, _AUTHOR_LABEL):
        if (found := opening.match(line)) and (name := _author(line[found.end() :])):
            return name
    return line if _DESK.fullmatch(line) and _is_title_case(line) else None


def is_name(line: str) -> bool:
    """Whether a line could be people's names and nothing else; so could many headlines: ask where it stands."""
    return len(line) <= 100 and _NAMES.fullmatch(line) is not None


def dateline(line: str) -> Dateline | None:
    """The date of a line that holds nothing but dates, labels and perhaps a place: "Beijing, ChinaUpdated: Feb 06, 2022"."""
    if len(line) > 200:
        return None
    found: list[Dateline] = []
    rest = ""
    while span := find_date(line):
        before = line[: span[0]]
        label = _last_label(before)
        found.append(Dateline(line[slice(*span)], label))
        rest += _DATE_LABEL.sub(" ", before)
        line = line[span[1] :]
    rest = (rest + " " + _DATE_LABEL.sub(" ", line)).strip(_SEPARATORS)
    if not found or (rest and not (_PLACE.fullmatch(rest) and _is_title_case(rest))):
        return None
    first = [date for date in found if "publ" in date.label or "post" in date.label]
    return (first or found)[0]


def headline(line: str) -> bool:
    """Whether a line could be a headline: short, and no sentence with its full stop."""
    return len(line) <= 200 and len(line.split()) <= 30 and not re.search(r"(?<!\b\w)(?<!\.\.)[.;:,]$", line)


def same(line: str, title: str) -> bool:
    """Whether a line is a title, but for case, punctuation and a site's name behind either ("… - BBC News")."""
    one, other = _letters(line), _letters(title)
    if not one or not other:
        return False
    shorter, longer = sorted((one, other), key=len)
    return one == other or (len(shorter) >= 20 and longer.startswith(shorter) and len(longer) - len(shorter) <= 30)


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _last_label(before: str) -> str:
    labels = list(_DATE_LABEL.finditer(before))
    return labels[-1].group().strip(" :|-").lower() if labels else ""


def _author(rest: str) -> str | None:
    """The names at the start of a byline, without roles and agencies behind a comma or bar."""
    name = re.split(r"\s*(?:\||•|·|–|—|/|\(|;|, (?=[a-z])|,? (?:for|in) )", rest)[0].strip(" ,.")
    return name if name and len(name.split()) <= 12 and _is_title_case(name) else None


def _is_title_case(text: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_][\w'’.-]*", text) if len(word) > 3]
    return all(word[0].isupper() or not word[0].islower() for word in words)
