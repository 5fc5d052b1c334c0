"""Files that differ from what lies on the shares are delivered without being asked.

What could not be delivered is tried again every `delivery.retry_minutes`; what is held back because its
source is not well is asked for again when the source has been read anew.
"""

import contextlib
from collections.abc import Iterable, Sequence

import dagster as dg

from video_analytics.automation.asking import fingerprint, is_busy, sensor_status
from video_analytics.clock import now
from video_analytics.delivery.assets import KEY
from video_analytics.delivery.deliver import pending
from video_analytics.delivery.gate import gate
from video_analytics.delivery.routes import Item
from video_analytics.settings import Settings

JOB = "delivery"
EVERY_SECONDS = 60


def deliveries_automation(settings: Settings) -> list[dg.SensorDefinition]:
    """The sensor of deliveries; it runs by itself where there is a share."""
    job = dg.define_asset_job(JOB, [KEY])

    @dg.sensor(
        name="delivery_files",
        job=job,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=sensor_status(on=bool(settings.delivery.shares)),
    )
    def delivery_files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """What waits, by a look at this machine alone."""
        if is_busy(context.instance, JOB):
            return dg.SkipReason("A delivery is under way.")
        waiting = pending(settings)
        slot = int(now().timestamp()) // (settings.delivery.retry_minutes * 60)
        seen = f"{slot} {_seen(waiting)}"
        if seen == context.cursor:
            return dg.SkipReason("Nothing to deliver, or it was tried a moment ago.")
        look = f"look {now().date()}"  # once a day at what lies there: somebody may have removed it
        request = dg.RunRequest(run_key=_run_key(settings, waiting, slot) if waiting else look)
        return dg.SensorResult(run_requests=[request], cursor=seen)

    return [delivery_files]


def _run_key(settings: Settings, items: Sequence[Item], slot: int) -> str:
    """The same while nothing changes: what may go is tried once a slot, what is held back is noted once."""
    why_not = gate(settings, now())
    reasons = {item: why_not(item) for item in items}
    held_back = sorted((str(item.target), why) for item, why in reasons.items() if why)
    free = [item for item, why in reasons.items() if not why]
    return f"{slot if free else ''} {_seen(free)} {fingerprint(held_back)}"


def _seen(items: Iterable[Item]) -> str:
    return fingerprint([(each.share, str(each.target), _changed(each)) for each in items])


def _changed(item: Item) -> int:
    with contextlib.suppress(FileNotFoundError):  # renamed with its course a moment ago
        return item.source.stat().st_mtime_ns
    return 0
