"""Findings as Dagster's asset checks: part of the step that wrote what they are about.

A step of its own would be passed over: Dagster skips what comes after an asset that leaves out its output, as
the assets by day do. In the asset's own step the checks also know the partitions of the run, cost no second
start, and are evaluated where some partitions failed.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import dagster as dg

from video_analytics.day_quality import WARNINGS
from video_analytics.quality import Finding

SHOWN = 20  # findings in a table
LONGEST = 300  # characters of a sentence in it

Result = dg.MaterializeResult[None]
Results = Iterator[dg.AssetCheckResult]
Checked = Iterator[Result | dg.AssetCheckResult]  # what an asset with checks yields


def specs(asset: dg.AssetKey, promises: Mapping[str, str]) -> list[dg.AssetCheckSpec]:
    """The checks of an asset, from what each promises; all but the warnings block what follows."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=promise, blocking=name not in WARNINGS)
        for name, promise in promises.items()
    ]


def checked(work: Callable[[], Result], results: Results) -> Iterator[Result | dg.AssetCheckResult]:
    """What a step gives and its checks; where some of its partitions failed, the checks before it says so."""
    try:
        result = work()
    except dg.Failure:
        yield from results
        raise
    yield result
    yield from results


def results(context: dg.AssetExecutionContext, names: Iterable[str], findings: Iterable[Finding]) -> Results:
    """A result for each check, over all subjects of a run; what is not ok is logged too."""
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_check[finding.check].append(finding)
        if not finding.ok:
            context.log.warning("%s: %s: %s", finding.check, finding.subject, finding.says)
    for name in names:
        yield result(context.asset_key, name, by_check[name])


def result(asset: dg.AssetKey, name: str, findings: Sequence[Finding]) -> dg.AssetCheckResult:
    """One check over its subjects: their numbers together, and a table of those that are not ok."""
    bad = [finding for finding in findings if not finding.ok]
    said = f"{len(findings)} looked at, all well" if findings else "nothing to look at yet"
    if bad:
        said = "; ".join(f"{finding.subject}: {finding.says}" for finding in bad[:3])
    shown: dict[str, dg.MetadataValue] = {"subjects": dg.MetadataValue.int(len(findings))}
    shown |= {"not_ok": dg.MetadataValue.int(len(bad))}
    shown |= {key: _number(value) for key, value in together(findings).items()}
    if bad:
        shown["findings"] = dg.MetadataValue.md(_table(bad))
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not bad,
        severity=dg.AssetCheckSeverity.WARN if name in WARNINGS else dg.AssetCheckSeverity.ERROR,
        description=said[: 3 * LONGEST],
        metadata=shown,
    )


def together(findings: Iterable[Finding]) -> dict[str, float]:
    """The numbers of all subjects: the lowest and highest where they say so, else the sums."""
    values: dict[str, list[float]] = defaultdict(list)
    for finding in findings:
        for name, value in finding.numbers.items():
            values[name].append(value)
    return {name: _joined(name)(those) for name, those in values.items()}


def _joined(name: str) -> Callable[[Iterable[float]], float]:
    if name.startswith("lowest"):
        return min
    return max if name.startswith(("highest", "worst")) else sum


def _number(value: float) -> dg.MetadataValue:
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    return dg.MetadataValue.float(value if math.isfinite(value) else -1.0)


def _table(findings: Sequence[Finding]) -> str:
    lines = ["| what | finding |", "| --- | --- |"]
    lines += [f"| {_cell(finding.subject)} | {_cell(finding.says)} |" for finding in findings[:SHOWN]]
    if len(findings) > SHOWN:
        lines.append(f"| … | {len(findings) - SHOWN} more |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text[:LONGEST].split()).replace("|", "\\|")
