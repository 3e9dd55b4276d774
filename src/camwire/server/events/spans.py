"""Minutes, hours and days as the clocks of a time zone show them.

A zone's clocks are some seconds ahead of UTC, and stay so until they are put forward or back. With these
stretches of time SQLite can tell the span that each row is in without asking the zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

By = Literal["minute", "hour", "day"]
SECONDS: dict[By, int] = {"minute": 60, "hour": 3600, "day": 86_400}
_EPOCH = date(1970, 1, 1)


class UnknownZoneError(ValueError):
    """No time zone is called so, or this machine knows none."""


class Stretch(NamedTuple):
    """Time in which a zone's clocks stay as they are."""

    begin: int
    """UTC."""
    ahead: int
    """Seconds before UTC."""


def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name, such as `Europe/Berlin`. Raises UnknownZoneError."""
    if name == "UTC":
        return UTC  # known without a database
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # names of files lead to all three
        raise UnknownZoneError(name) from None


def stretches(zone: tzinfo, first: int, last: int) -> list[Stretch]:
    """From ``first`` to ``last`` (UTC), oldest first; at least one."""
    found = [Stretch(first, _ahead(zone, first))]
    for day in range(first, last + SECONDS["day"], SECONDS["day"]):
        end = min(day + SECONDS["day"], last)
        if (ahead := _ahead(zone, end)) != found[-1].ahead:
            found.append(Stretch(_changed(zone, day, end), ahead))
    return found


def as_sql(by: By, clocks: Sequence[Stretch]) -> str:
    """An expression for the span that the column `minute` (UTC) is in, which ``begin`` understands."""
    cases = "".join(f" WHEN minute >= {one.begin} THEN {one.ahead}" for one in reversed(clocks[1:]))
    ahead = f"(CASE{cases} ELSE {clocks[0].ahead} END)" if cases else str(clocks[0].ahead)
    local = f"(minute + {ahead} + {SECONDS['day']})"  # a day more, for division is other below nothing
    if by == "day":  # by its number, as one in which the clocks change has two stretches
        return f"{local} / {SECONDS[by]} - 1"
    return f"minute - {local} % {SECONDS[by]}"


def begin(by: By, span: int, zone: tzinfo) -> int:
    """UTC of the beginning of a span that ``as_sql`` names."""
    return _midnight(_EPOCH + timedelta(days=span), zone) if by == "day" else span


def spans_ago(by: By, number: int, now: float, zone: tzinfo) -> int:
    """UTC of the beginning of the span so many before the one of ``now``."""
    if by == "day":
        return _midnight(datetime.fromtimestamp(now, zone).date() - timedelta(days=number), zone)
    minute = int(now) // 60 * 60
    return minute - (minute + _ahead(zone, minute)) % SECONDS[by] - number * SECONDS[by]


def _midnight(day: date, zone: tzinfo) -> int:
    """Where clocks leave midnight out, the moment at which they do."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def _ahead(zone: tzinfo, utc: int) -> int:
    offset = zone.utcoffset(datetime.fromtimestamp(utc, zone))
    return 0 if offset is None else int(offset.total_seconds())


def _changed(zone: tzinfo, before: int, after: int) -> int:
    """The first second at which the clocks are as they are at ``after``."""
    ahead = _ahead(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _ahead(zone, middle) == ahead else (middle, after)
    return after
