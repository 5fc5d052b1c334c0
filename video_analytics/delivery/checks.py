"""The check of deliveries: what the receipts say is what lies on the shares."""

from collections.abc import Mapping
from pathlib import PurePosixPath

import dagster as dg

from video_analytics import clock
from video_analytics.delivery.assets import KEY
from video_analytics.delivery.receipts import Receipt, newest_receipts, receipts_path
from video_analytics.delivery.routes import plan
from video_analytics.delivery.shares import open_share
from video_analytics.errors import DeliveryError
from video_analytics.settings import Settings

MOST = 500  # destinations that are looked at, the last delivered first


def delivery_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """The check `receipts_true` of `delivery/shares`; it blocks nothing."""

    @dg.asset_check(asset=KEY, name="receipts_true")
    def receipts_true() -> dg.AssetCheckResult:
        """Each file that belongs on a share and has a receipt is there, in the size the receipt names."""
        counts, wrong = compare(settings)
        return dg.AssetCheckResult(
            passed=not wrong,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={**counts, "wrong": dg.MetadataValue.json(wrong)},
            description=None if not wrong else f"{len(wrong)} files are not as delivered; they are replaced",
        )

    return [receipts_true]


def compare(settings: Settings) -> tuple[dict[str, int], list[str]]:
    """How many receipts hold, are wrong, or are of a share that is away; and the wrong ones."""
    wanted = {(item.share, str(item.target)) for item in plan(settings, clock.now().date()).items}
    newest = newest_receipts(receipts_path(settings.exports))
    last = [receipt for place, receipt in reversed(newest.items()) if place in wanted][:MOST]
    found: dict[str, bool | None] = {}
    for share in settings.delivery.shares:
        own = {receipt.destination: receipt for receipt in last if receipt.share == share.name}
        try:
            with open_share(share, "0") as target, target.telling():
                sizes = {each: target.stat(PurePosixPath(each)) for each in own}
        except DeliveryError:
            found |= {f"{share.name}/{each}": None for each in own}
            continue
        found |= _true(share.name, own, {each: held and held.size for each, held in sizes.items()})
    values = list(found.values())
    counts = {"true": values.count(True), "wrong": values.count(False), "not_reached": values.count(None)}
    return counts, sorted(each for each, true in found.items() if true is False)


def _true(
    share: str, receipts: Mapping[str, Receipt], sizes: Mapping[str, int | None]
) -> dict[str, bool | None]:
    return {f"{share}/{each}": sizes[each] == receipt.bytes for each, receipt in receipts.items()}
