"""The platform's clock: the one place that knows what "now" is.

`VIDEO_ANALYTICS_NOW`, an ISO instant, stops the clock there, for tests and drills.
"""

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from video_analytics.errors import SettingsError

VARIABLE = "VIDEO_ANALYTICS_NOW"


def now() -> datetime:
    """The present instant, aware, in UTC."""
    text = os.environ.get(VARIABLE)
    return parse_instant(text) if text else datetime.now(UTC)


def today(zone: str) -> date:
    """The calendar day that is going on in `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


def parse_instant(text: str) -> datetime:
    """An ISO instant as an aware UTC datetime; text without an offset means UTC."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise SettingsError(
            f"environment: {VARIABLE}: expected an ISO instant such as 2026-01-31T04:00:00Z, got {text!r}; "
            "correct the variable or unset it to use the real time"
        ) from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
