"""Time zones: by name, by offset, and what newspapers' abbreviations stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from indexer.errors import InvalidInput


class Abbreviation(NamedTuple):
    """zone: what we take it for, an offset or a zone with summer time. others: what else it may mean."""

    zone: str
    others: str = ""


ABBREVIATIONS: Mapping[str, Abbreviation] = MappingProxyType(
    {
        "UTC": Abbreviation("+00:00"),
        "GMT": Abbreviation("+00:00"),
        "Z": Abbreviation("+00:00"),
        "WET": Abbreviation("+00:00"),
        "WEST": Abbreviation("+01:00"),
        "CET": Abbreviation("+01:00"),
        "CEST": Abbreviation("+02:00"),
        "EET": Abbreviation("+02:00"),
        "EEST": Abbreviation("+03:00"),
        "MSK": Abbreviation("+03:00"),
        "BST": Abbreviation("+01:00", "Bangladesh, +06:00"),
        "IST": Abbreviation("+05:30", "Israel, +02:00, or Ireland, +01:00"),
        "PKT": Abbreviation("+05:00"),
        "NPT": Abbreviation("+05:45"),
        "SGT": Abbreviation("+08:00"),
        "HKT": Abbreviation("+08:00"),
        "PHT": Abbreviation("+08:00"),
        "MYT": Abbreviation("+08:00"),
        "WIB": Abbreviation("+07:00"),
        "ICT": Abbreviation("+07:00"),
        "JST": Abbreviation("+09:00"),
        "KST": Abbreviation("+09:00"),
        "AWST": Abbreviation("+08:00"),
        "ACST": Abbreviation("+09:30"),
        "ACDT": Abbreviation("+10:30"),
        "AEST": Abbreviation("+10:00"),
        "AEDT": Abbreviation("+11:00"),
        "NZST": Abbreviation("+12:00"),
        "NZDT": Abbreviation("+13:00"),
        "SAST": Abbreviation("+02:00"),
        "CAT": Abbreviation("+02:00"),
        "EAT": Abbreviation("+03:00"),
        "WAT": Abbreviation("+01:00"),
        "GST": Abbreviation("+04:00", "South Georgia, -02:00"),
        "AST": Abbreviation("-04:00", "Arabia, +03:00"),
        "ADT": Abbreviation("-03:00"),
        "ET": Abbreviation("America/New_York"),
        "EST": Abbreviation("-05:00", "Australia, +10:00"),
        "EDT": Abbreviation("-04:00", "Australia, +11:00"),
        "CT": Abbreviation("America/Chicago"),
        "CST": Abbreviation("-06:00", "China, +08:00, or Cuba, -05:00"),
        "CDT": Abbreviation("-05:00", "Cuba, -04:00"),
        "MT": Abbreviation("America/Denver"),
        "MST": Abbreviation("-07:00", "Malaysia, +08:00"),
        "MDT": Abbreviation("-06:00"),
        "PT": Abbreviation("America/Los_Angeles"),
        "PST": Abbreviation("-08:00", "the Philippines, +08:00"),
        "PDT": Abbreviation("-07:00"),
        "AKST": Abbreviation("-09:00"),
        "AKDT": Abbreviation("-08:00"),
        "HST": Abbreviation("-10:00"),
        "NST": Abbreviation("-03:30"),
        "NDT": Abbreviation("-02:30"),
        "BRT": Abbreviation("-03:00"),
        "ART": Abbreviation("-03:00"),
    }
)


def time_zone(name: str) -> tzinfo:
    """A zone by IANA name ("Asia/Kolkata") or offset ("+05:30"). Raises InvalidInput: there is no such zone."""
    offset = re.fullmatch(r"([+-])(\d\d):?([0-5]\d)", name)
    if offset and int(offset[2]) < 24:
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            "timezone", f"{name!r} is unknown: give a name like Asia/Kolkata or an offset like +05:30"
        ) from None
