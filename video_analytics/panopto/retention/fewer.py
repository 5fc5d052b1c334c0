"""The sums of sessions in fewer rows, for those who reckon with them many times."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from video_analytics.panopto.retention.held import Held
from video_analytics.settings.retention import Scenario

_STARTED = "created_"  # how the keys of a rule begin that ask when a session started


@contextmanager
def fewer_rows(held: Held, scenarios: Sequence[Scenario]) -> Iterator[Held]:
    """The same `cube` for scenarios that do not ask when a session started, without that; else as it is.

    There is no table `held` behind it.
    """
    if any(_STARTED in each.model_dump_json(exclude_none=True) for each in scenarios):
        yield held
        return
    rows = held.connection.sql(
        """SELECT * EXCLUDE (start_months) REPLACE (sum(hours_us)::BIGINT AS hours_us,
                  sum(sessions)::BIGINT AS sessions, sum(views)::BIGINT AS views)
           FROM cube GROUP BY ALL"""
    ).to_arrow_table()
    with held.connection.cursor() as connection:  # it has temporary tables of its own
        connection.register("fewer", rows)
        connection.execute("CREATE TEMP TABLE cube AS FROM fewer")
        yield replace(held, connection=connection)
