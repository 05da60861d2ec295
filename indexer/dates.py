"""Dates as newspapers write them, to RFC 3339 in UTC. The only module that imports dateutil."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from typing import NamedTuple

from dateutil import parser

from indexer.errors import InvalidInput
from indexer.patterns import AnyOf
from indexer.zones import ABBREVIATIONS, time_zone


class Published(NamedTuple):
    """at: "2022-02-06T11:56:00Z", "2022-02-06" where no time is known, or None. warnings: what was guessed or lost."""

    at: str | None
    warnings: tuple[str, ...] = ()


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?,?\s+)?"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = (
    rf"(?:{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+\d{{4}}|{_WEEKDAY}{_DAY}[\s-]+(?:of\s+)?{_MONTH},?[\s-]+\d{{4}}"
    r"|\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{4}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}-\d{1,2}-\d{4})"
)
_ZONE = r"(?:\s*\(?(?:(?-i:[A-Z]{2,4}T|UTC|GMT|[CEMP]T|Z)\b(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d\d:?\d\d)\)?)?"
_TIME = (
    r"(?:\d{1,2}[:.]\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s*[ap](?:\.m\.|m)(?![a-z]))?|\d{1,2}\s*[ap](?:\.m\.|m)(?![a-z]))"
)
_GAP = r"(?:\s*[,|/·•–—-]\s*|\s+|\s+(?:at|on)\s+|,?\s*(?:at|on)\s+)"
_PHRASE = AnyOf(
    rf"(?<!\d)(?:{_TIME}{_ZONE}{_GAP}{_DATE}(?!\d)|{_DATE}(?:(?:{_GAP}|[tT])(?={_TIME}){_TIME}{_ZONE})?(?!\d))"
)
_YEAR_FIRST = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|\d{8}(?!\d)")
_YEAR = re.compile(r"\d{4}")
_LONGEST = 200  # characters of a string that may still be a date
# Two leap years that differ in every field: what differs after parsing was not in the string.
_BLANKS = (datetime(2000, 1, 1, 0, 0, 0), datetime(2004, 2, 2, 1, 1, 1))
_BLANK_YEARS = {blank.year for blank in _BLANKS}


def find_date(line: str) -> tuple[int, int] | None:
    """[start, end) of the first date in a line, with its time and zone if they stand beside it; None without one."""
    found = _PHRASE.re.search(line) if _YEAR.search(line) else None
    return found.span() if found else None


def parse_published(raw: str | None, timezone: str | None = None) -> Published:
    """Read a date as given: ISO 8601, RFC 2822, epoch seconds, or as newspapers print it, in English.

    timezone: where a time without an offset was written; without one, such a time is dropped and the date kept.
    01/02/2022 may be two dates, so it is none: `at` is None and a warning says what to write.
    Raises InvalidInput: `timezone` is no zone.
    """
    here = time_zone(timezone) if timezone else None
    text = " ".join((raw or "").split())
    if not text:
        return Published(None)
    if epoch := re.fullmatch(r"(\d{9,10})(?:\d{3})?", text):
        return Published(_stamp(datetime.fromtimestamp(int(epoch[1]), UTC)))
    whole = _parse(text, here) if len(text) <= _LONGEST else None
    if whole is None:
        span = find_date(text[: 4 * _LONGEST])
        whole = _parse(text[slice(*span)], here) if span else None
    return whole or Published(
        None, (f"date {_shown(text)} not understood: write it like 2022-02-06 or 2022-02-06T17:26:00+05:30",)
    )


def _parse(text: str, here: tzinfo | None) -> Published | None:
    """Read a string that is one date and nothing else; None where it is not."""
    text = _plain(text)
    if not _YEAR.search(text):  # a century would be guessed
        return None
    try:
        names: list[tuple[str | None, int | None]] = []
        readings = {_read(text, blank, dayfirst, names) for blank in _BLANKS for dayfirst in (False, True)}
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError, ArithmeticError):
        return None  # the parser's ways to say that this is no date
    if any(f"{moment.year:04d}" not in text for moment in readings if moment.year not in _BLANK_YEARS):
        return None  # it takes the year 0099 for 1999
    if len({(moment.year, moment.month) for moment in readings}) == len({r.day for r in readings}) == 1:
        return _resolve(readings, names, here, text)
    days = sorted({moment.date() for moment in readings})
    if len(days) == 2 and days[0].year == days[1].year and days[0].month == days[1].day != days[0].day == days[1].month:
        first, second = days
        return Published(None, (f"date {_shown(text)} may be {first} or {second}: write it that way",))
    return Published(None, (f"date {_shown(text)} names no single day: write it like 2022-02-06",))


def _read(text: str, blank: datetime, dayfirst: bool, names: list[tuple[str | None, int | None]]) -> datetime:
    def zone(name: str | None, offset: int | None) -> tzinfo:
        names.append((name, offset))
        return UTC

    dayfirst = dayfirst and not _YEAR_FIRST.match(text)
    return parser.parse(text, default=blank, dayfirst=dayfirst, tzinfos=zone).replace(tzinfo=None)


def _resolve(
    readings: set[datetime], names: list[tuple[str | None, int | None]], here: tzinfo | None, text: str
) -> Published:
    local = min(readings)
    day = f"{local.year:04d}-{local.month:02d}-{local.day:02d}"
    if len({moment.hour for moment in readings}) > 1:
        return Published(day)
    name, offset = names[0] if names else (None, None)
    zone, warnings = _zone(name, offset, local, here)
    if zone is None:
        midnight = local.time() == datetime.min.time() and not name
        return Published(day, () if midnight else warnings)
    try:
        return Published(_stamp(local.replace(tzinfo=zone)), warnings)
    except OverflowError:
        return Published(day, (f"date {_shown(text)} lies outside the years 1 to 9999 in UTC: its time is dropped",))


def _zone(
    name: str | None, offset: int | None, local: datetime, here: tzinfo | None
) -> tuple[tzinfo | None, tuple[str, ...]]:
    """The zone of a time: its offset; else `here` if it goes by that abbreviation, or none is given; else the table."""
    if offset is not None:
        inside = abs(offset) < 86_400
        return (
            (fixed_zone(timedelta(seconds=offset)), ())
            if inside
            else (None, ("its offset is over a day: only its day is kept",))
        )
    if name is None:
        return here, () if here else ("the date's time has no time zone, so only its day is kept: give --timezone",)
    if here and name.upper() in {(local.replace(month=month, day=1, tzinfo=here).tzname() or "") for month in (1, 7)}:
        return here, ()
    known = ABBREVIATIONS.get(name.upper())
    if known is None:
        return here, () if here else (f"time zone {name} is unknown, so only the day is kept: give --timezone",)
    doubt = f"time zone {name} read as {known.zone} (it may be {known.others}): give --timezone to change that"
    return time_zone(known.zone), (doubt,) if known.others else ()


def _plain(text: str) -> str:
    """Spell out what the parser trips over: "5.26 p.m.", "GMT+3" (which it reads as -3), second 60, labels."""
    text = re.sub(
        r"^(?:[a-z]+ ){0,2}(?:published|updated|posted|modified|created|date)(?: (?:on|at))?\s*:?\s*",
        "",
        text,
        flags=re.I,
    )
    text = re.sub(r"\b([ap])\.m\.?", r"\1m", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(\d{1,2})\.(\d\d)(?=\s*[ap]m\b)", r"\1:\2", text, flags=re.IGNORECASE)
    text = re.sub(
        r"\b(?:GMT|UTC)\s*([+-])(\d{1,2})(?::?(\d\d))?(?!\d)", lambda m: f"{m[1]}{int(m[2]):02d}:{m[3] or '00'}", text
    )
    text = re.sub(r"(:\d\d):60(?!\d)", r"\1:59", text)  # a leap second: RFC 3339 has them, datetime does not
    return re.sub(r"[|·•–—]", " ", text)


def _stamp(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:60] + "…")


_UNIT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?)?)?", re.ASCII
)


def bounds(value: str) -> tuple[str, str]:
    """First and last second of the unit a filter names, in UTC: `bounds("2022-02")[1] == "2022-02-28T23:59:59Z"`.

    value: "2022", "2022-02", "2022-02-06", or RFC 3339 to the minute or second. Raises InvalidInput: it is none.
    """
    problem = InvalidInput(
        "date", f"{_shown(value)} is no date: write 2022, 2022-02, 2022-02-06 or 2022-02-06T17:26:00Z"
    )
    found = _UNIT.fullmatch(value.strip())
    if not found:
        raise problem
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    try:
        first = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, 59 if second == 60 else second or 0)
        if hour is not None:
            first = first.replace(tzinfo=time_zone("+00:00" if found[7] in {"Z", "z"} else found[7]))
            last = first if second is not None else first.replace(second=59)
        elif month is None:
            last = datetime(first.year, 12, 31, 23, 59, 59)
        else:
            last = datetime(first.year, month, day or calendar.monthrange(first.year, month)[1], 23, 59, 59)
        return _utc(first), _utc(last)
    except (ValueError, OverflowError, InvalidInput):
        raise problem from None


def _utc(moment: datetime) -> str:
    return _stamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
