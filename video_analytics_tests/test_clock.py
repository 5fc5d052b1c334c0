from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_analytics import clock
from video_analytics.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T04:00:00Z", datetime(2026, 1, 31, 4, tzinfo=UTC)),
        ("2026-01-31T04:00:00", datetime(2026, 1, 31, 4, tzinfo=UTC)),
        ("2026-01-31T04:00:00+09:00", datetime(2026, 1, 30, 19, tzinfo=UTC)),
        (" 2026-01-31 ", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T04:00:00.250-05:00", datetime(2026, 1, 31, 9, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_the_variable_stops_the_clock(monkeypatch: pytest.MonkeyPatch, text: str, instant: datetime) -> None:
    monkeypatch.setenv(clock.VARIABLE, text)
    assert clock.now() == clock.now() == instant
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "1769832000", "2026-01-31T25:00", "nan"])
def test_nonsense_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(clock.VARIABLE, text)
    with pytest.raises(SettingsError, match=f"{clock.VARIABLE}.*{text}.*unset"):
        clock.now()


@pytest.mark.parametrize("text", [None, ""])
def test_without_the_variable_the_clock_runs(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.delenv(clock.VARIABLE, raising=False)
    if text is not None:
        monkeypatch.setenv(clock.VARIABLE, text)
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 6, 15)),
        ("America/Chicago", date(2026, 6, 14)),
        ("Asia/Tokyo", date(2026, 6, 15)),
        ("Pacific/Kiritimati", date(2026, 6, 15)),
        ("Pacific/Pago_Pago", date(2026, 6, 14)),
    ],
)
def test_today_belongs_to_a_zone(monkeypatch: pytest.MonkeyPatch, zone: str, day: date) -> None:
    monkeypatch.setenv(clock.VARIABLE, "2026-06-15T04:30:00Z")
    assert clock.today(zone) == day


_FIRST, _LAST = datetime(1990, 1, 1), datetime(2090, 1, 1)  # noqa: DTZ001 - hypothesis wants them bare


@given(st.datetimes(_FIRST, _LAST, timezones=st.timezones()))
def test_an_instant_survives_its_spelling(instant: datetime) -> None:
    told = clock.parse_instant(instant.isoformat())
    assert told == instant.astimezone(UTC)
    assert told.tzinfo is UTC
