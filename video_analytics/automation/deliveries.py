"""Files that differ from what lies on the shares are delivered without being asked.

What could not be delivered is tried again every `delivery.retry_minutes`; what is held back because its
source is not well is asked for again when the source has been read anew.
"""

import hashlib
from collections.abc import Iterable

import dagster as dg

from video_analytics.automation.asking import is_busy, sensor_status
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
    def delivery_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """What waits, by a look at this machine alone."""
        if is_busy(context.instance, JOB):
            return dg.SkipReason("A delivery is under way.")
        held_back, waiting = _sorted(settings, pending(settings))
        if not waiting and not held_back:
            return dg.SkipReason("Nothing to deliver.")
        slot = int(now().timestamp()) // (settings.delivery.retry_minutes * 60)
        return dg.RunRequest(run_key=f"{slot if waiting else ''} {_fingerprint(waiting)} {held_back}")

    return [delivery_files]


def _sorted(settings: Settings, items: Iterable[Item]) -> tuple[str, list[Item]]:
    """What is held back and why, as a fingerprint, so that it is noted once; and what may go."""
    why_not = gate(settings, now())
    reasons = {item: why_not(item) for item in items}
    held_back = sorted((str(item.target), why) for item, why in reasons.items() if why)
    return _digest(held_back) if held_back else "", [item for item, why in reasons.items() if not why]


def _fingerprint(items: Iterable[Item]) -> str:
    said = [(each.share, str(each.target), each.source.stat().st_mtime_ns) for each in items]
    return _digest(said)


def _digest(said: object) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
