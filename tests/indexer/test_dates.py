from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import timezone as fixed_zone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.dates import Published, bounds, find_date, parse_published
from indexer.errors import InvalidInput
from indexer.zones import ABBREVIATIONS, time_zone

STAMP = "%Y-%m-%dT%H:%M:%SZ"


@pytest.mark.parametrize(
    ("raw", "at"),
    [
        ("2022-02-06", "2022-02-06"),
        ("2022-02-06T17:26:00+05:30", "2022-02-06T11:56:00Z"),
        ("2022-02-06T17:26:00.999Z", "2022-02-06T17:26:00Z"),
        ("2022-02-06 23:26:00-0100", "2022-02-07T00:26:00Z"),
        ("20220206T172600Z", "2022-02-06T17:26:00Z"),
        ("20220206", "2022-02-06"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("Sun, 06 Feb 2022 17:26:00 +0530", "2022-02-06T11:56:00Z"),
        ("1644148560", "2022-02-06T11:56:00Z"),
        ("1644148560123", "2022-02-06T11:56:00Z"),
        ("Friday, January 4, 2019\u00a0", "2019-01-04"),
        ("4 January 2019", "2019-01-04"),
        ("5th of May 2021", "2021-05-05"),
        ("Sept. 5, 2021", "2021-09-05"),
        ("06-Feb-2022", "2022-02-06"),
        ("5:26 p.m. ET Feb. 6, 2022", "2022-02-06T22:26:00Z"),
        ("July 6, 2022 at 5.26pm ET", "2022-07-06T21:26:00Z"),  # summer time
        ("6 Feb 2022 17:26 GMT+3", "2022-02-06T14:26:00Z"),
        ("Last updated on 6 February 2022 at 17:26 UTC", "2022-02-06T17:26:00Z"),
        ("13/02/2022", "2022-02-13"),
        ("02/13/2022", "2022-02-13"),
        ("06/06/2022", "2022-06-06"),
        ("0001-01-01", "0001-01-01"),
        ("0044-03-15T12:00:00Z", "0044-03-15T12:00:00Z"),
        ("2022-02-06 00:00:00", "2022-02-06"),  # midnight of a database: a day without its time
        ("", None),
        (" \n", None),
        (None, None),
    ],
)
def test_dates_that_leave_no_doubt(raw: str | None, at: str | None) -> None:
    assert parse_published(raw) == Published(at, ())


def test_the_seed_s_date_is_read_in_india_and_says_so() -> None:
    found = parse_published("Updated: Feb 06, 2022, 05:26 PM IST")
    assert found.at == "2022-02-06T11:56:00Z"
    assert found.warnings == (
        "time zone IST read as +05:30 (it may be Israel, +02:00, or Ireland, +01:00): give --timezone to change that",
    )


@pytest.mark.parametrize(
    ("raw", "zone", "at"),
    [
        ("Jul 06, 2022, 05:26 PM IST", "Asia/Kolkata", "2022-07-06T11:56:00Z"),
        ("Jul 06, 2022, 05:26 PM IST", "Europe/Dublin", "2022-07-06T16:26:00Z"),
        ("Feb 06, 2022, 05:26 PM IST", "Asia/Jerusalem", "2022-02-06T15:26:00Z"),
        ("2022-02-06 17:26", "Asia/Kolkata", "2022-02-06T11:56:00Z"),
        ("2022-02-06 17:26", "+05:30", "2022-02-06T11:56:00Z"),
        ("2022-02-06 17:26Z", "Asia/Kolkata", "2022-02-06T17:26:00Z"),  # an offset is never overruled
        ("2022-02-06 5 PM CST", "Asia/Shanghai", "2022-02-06T09:00:00Z"),
        ("2022-02-06", "Asia/Kolkata", "2022-02-06"),
    ],
)
def test_the_given_zone_decides_where_the_date_does_not(raw: str, zone: str, at: str) -> None:
    assert parse_published(raw, zone) == Published(at, ())


def test_a_zone_that_never_goes_by_the_abbreviation_does_not_change_it() -> None:
    assert parse_published("2022-02-06 5 PM EDT", "Asia/Kolkata").at == "2022-02-06T21:00:00Z"


@pytest.mark.parametrize(
    ("raw", "at", "warning"),
    [
        ("01/02/2022", None, "date '01/02/2022' may be 2022-01-02 or 2022-02-01: write it that way"),
        ("1.2.2022 10:00", None, "may be 2022-01-02 or 2022-02-01"),
        ("May 2022", None, "names no single day"),
        ("2022", None, "names no single day"),
        ("6 Feb 22", None, "not understood"),
        ("yesterday", None, "not understood"),
        ("x" * 5000, None, "not understood"),
        ("January 1, 0099", None, "not understood"),
        ("2022-13-45", None, "not understood"),
        ("2022-02-30", None, "not understood"),
        ("2022-02-06T17:26", "2022-02-06", "has no time zone"),
        ("6 Feb 2022 17:26 XYZT", "2022-02-06", "time zone XYZT is unknown"),
        ("2022-02-06T17:26:00+99:00", "2022-02-06", "over a day"),
        ("9999-12-31T23:59:59-01:00", "9999-12-31", "outside the years 1 to 9999"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01", "outside the years 1 to 9999"),
    ],
)
def test_what_would_be_a_guess_is_told(raw: str, at: str | None, warning: str) -> None:
    found = parse_published(raw)
    assert found.at == at
    assert len(found.warnings) == 1
    assert warning in found.warnings[0]


@pytest.mark.parametrize("name", ["Mars/Olympus", "+25:00", "", "/etc/passwd", "../UTC", "IST5"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"timezone: .* is unknown: give a name like Asia/Kolkata"):
        time_zone(name)


@given(
    st.text(max_size=40) | st.text("0123456789-/:. TZ+apmFebIST,", max_size=30), st.sampled_from([None, "Asia/Tokyo"])
)
@settings(max_examples=600, deadline=None)
def test_any_string_is_a_date_or_none(raw: str, zone: str | None) -> None:
    found = parse_published(raw, zone)
    if found.at is not None:
        first, last = bounds(found.at)  # what we store is what filters understand
        assert first <= last
    else:
        assert found.warnings or not raw.strip()


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: fixed_zone(timedelta(minutes=m)))))
def test_iso_dates_come_back_in_utc(moment: datetime) -> None:
    try:
        there = moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return
    assert parse_published(moment.isoformat()).at == there.isoformat().replace("+00:00", "Z")


@given(st.dates(min_value=date(100, 1, 1)))
def test_every_way_to_write_a_day_gives_that_day(day: date) -> None:
    year, iso = f"{day.year:04d}", day.isoformat()
    for shown in (
        f"{day:%B} {day.day}, {year}",
        f"{day.day} {day:%b} {year}",
        f"{day:%A}, {day:%b}. {day.day}, {year}",
    ):
        assert parse_published(shown) == Published(iso, ()), shown


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Oslo, NorwayUpdated: Feb 06, 2022, 05:26 PM IST", "Feb 06, 2022, 05:26 PM IST"),
        ("Friday, January 4, 2019 — Oslo", "Friday, January 4, 2019"),
        ("It was 10:30 a.m. (CET) on 3 March 2021 that it came", "10:30 a.m. (CET) on 3 March 2021"),
        ("at 2022-02-06T17:26:00+05:30 sharp", "2022-02-06T17:26:00+05:30"),
        ("on 6 Feb 2022 | 17:26 BST", "6 Feb 2022 | 17:26 BST"),
        ("In May 2022 we may march 10 miles", None),
        ("call 555-12-20221", None),
        ("", None),
    ],
)
def test_a_date_is_found_in_a_line_with_its_time(line: str, found: str | None) -> None:
    span = find_date(line)
    assert (line[slice(*span)] if span else None) == found


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2022", "2022-01-01T00:00:00Z", "2022-12-31T23:59:59Z"),
        ("2022-02", "2022-02-01T00:00:00Z", "2022-02-28T23:59:59Z"),
        ("2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z"),
        ("2022-02-06", "2022-02-06T00:00:00Z", "2022-02-06T23:59:59Z"),
        ("2022-02-06T17:26+05:30", "2022-02-06T11:56:00Z", "2022-02-06T11:56:59Z"),
        ("2022-02-06T17:26:05Z", "2022-02-06T17:26:05Z", "2022-02-06T17:26:05Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", "2016-12-31T23:59:59Z"),
        ("0001", "0001-01-01T00:00:00Z", "0001-12-31T23:59:59Z"),
        ("9999-12", "9999-12-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_filter_includes_the_whole_unit(value: str, first: str, last: str) -> None:
    assert bounds(value) == (first, last)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "22",
        "2022-2",
        "2022-13",
        "2022-02-30",
        "0000",
        "2022-02-06T17:26:00",
        "2022-02-06T25:00Z",
        "Feb 2022",
        "٢٠٢٢",
        "2022-02-06T10:00:61Z",
        "2022-02-06T10:00+25:00",
        "0001-01-01T00:00+01:00",
        "2022-02-06Z",
        "x" * 999,
    ],
)
def test_a_filter_s_nonsense_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"date: .* is no date: write 2022, 2022-02, "):
        bounds(value)


@given(st.dates(), st.dates())
def test_bounds_keep_the_order_of_days(one: date, other: date) -> None:
    assert (one < other) == (bounds(one.isoformat())[1] < bounds(other.isoformat())[0])


@pytest.mark.parametrize("name", sorted(ABBREVIATIONS))
def test_every_abbreviation_has_a_zone(name: str) -> None:
    noon = datetime(2022, 7, 1, 12, tzinfo=time_zone(ABBREVIATIONS[name].zone)).astimezone(UTC)
    found = parse_published(f"2022-07-01 12:00 {name}")
    assert found.at == noon.strftime(STAMP)
    assert bool(found.warnings) == bool(ABBREVIATIONS[name].others)
