"""The asset that delivers: one step, all shares; it fails when something waits, after delivering the rest."""

import time
from collections.abc import Iterable
from typing import Any

import dagster as dg

from video_analytics import clock
from video_analytics.delivery.deliver import deliver
from video_analytics.delivery.gate import gate
from video_analytics.delivery.receipts import Receipt
from video_analytics.delivery.report import Report, few
from video_analytics.journal import Journal
from video_analytics.settings import Settings

KEY = dg.AssetKey(["delivery", "shares"])
GROUP = POOL = "delivery"
MOST_ROWS = 500  # of a table in the UI

Result = dg.MaterializeResult[None]


def delivery_assets(
    settings: Settings, deps: Iterable[dg.AssetDep | dg.AssetKey]
) -> list[dg.AssetsDefinition]:
    """The asset `delivery/shares`; `deps` are all whose files may be delivered."""

    @dg.asset(key=KEY, group_name=GROUP, kinds={"file"}, pool=POOL, deps=deps)
    def shares(context: dg.AssetExecutionContext) -> Result:
        """What changed of the exported files, copied to the shares, read back, with a receipt for each."""
        allowed = gate(settings, clock.now())
        report = deliver(
            settings, Journal(settings.state), allowed, clock.now, time.sleep, context.run.run_id
        )
        metadata = _metadata(report)
        if not report.ok:
            context.log_event(dg.AssetMaterialization(KEY, metadata=metadata))
            raise _failure(report)
        return dg.MaterializeResult(metadata=metadata)

    return [shares]


def _metadata(report: Report) -> dict[str, Any]:
    counted = {
        "copied": len(report.copied),
        "unchanged": len(report.unchanged),
        "blocked": len(report.blocked),
        "waiting": len(report.waiting) + len(report.refused),
        "bytes_copied": sum(receipt.bytes for receipt in report.copied),
    }
    told: dict[str, Any] = {}
    if report.copied:
        told["receipts"] = dg.MetadataValue.table([_row(receipt) for receipt in report.copied[:MOST_ROWS]])
    if report.blocked:
        blocked = {f"{item.share}/{item.target}": why for item, why in report.blocked.items()}
        told["why_blocked"] = dg.MetadataValue.json(dict(list(blocked.items())[:MOST_ROWS]))
    if not report.ok:
        told["why_waiting"] = dg.MetadataValue.json(report.reasons)
    return counted | told


def _row(receipt: Receipt) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "share": receipt.share,
            "destination": receipt.destination,
            "route": receipt.route,
            "business_unit": receipt.business_unit,
            "bytes": receipt.bytes,
            "sha256": receipt.sha256,
            "delivered_at": receipt.delivered_at,
        }
    )


def _failure(report: Report) -> dg.Failure:
    """Names what waits, and why. A later run delivers it: a retry at once would only repeat the patience."""
    reasons = report.reasons
    return dg.Failure(
        f"delivery/shares: {len(report.waiting) + len(report.refused)} files wait "
        f"({few(reasons)}): {few(reasons.values())}",
        metadata={"waiting": dg.MetadataValue.json(reasons)},
        allow_retries=False,
    )
