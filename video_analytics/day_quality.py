"""What the day files of every source promise: they open, none is missing, none is out of all bounds.

Pure. What a row must be like stands in each vendor's `quality.py`, as SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from statistics import median

from video_analytics.day_files import WEEKS, Looked, Part
from video_analytics.days import ONE_DAY, days_between, spans
from video_analytics.quality import Finding

FEWEST_WEEKS = 4  # of the weeks before a day that must be held
FACTOR = 10  # between a day and what is usual
LEAST_USUAL = 50  # below it, chance alone goes further
NAMED = 3  # days in a sentence

WARNINGS = ("views_within_bounds",)  # checks of assets that block nothing


def counts_reconciled(subject: str, looked: Looked[Part], prefix: str = "") -> Finding:
    """As many rows in each file as were recorded with it."""
    wrong = [part for part, row in looked.rows.items() if row["rows"] != looked.facts[part].get("rows")]
    total = int(looked.total("rows"))
    says = f"{total:,} rows of {_files(looked)}, as many as recorded"
    if wrong:
        got, said = looked.rows[wrong[0]]["rows"], looked.facts[wrong[0]].get("rows")
        says = f"{few(wrong)}: expected {said} rows as recorded, got {got}; read these again"
    numbers = {"files": len(looked.rows), "rows": total, "wrong_files": len(wrong)}
    return Finding(f"{prefix}counts_reconciled", subject, not wrong, says, numbers)


def none_wrong(
    check: str, subject: str, looked: Looked[Part], name: str, fine: str, wrong: str, *, of: str = "rows"
) -> Finding:
    """A measure that counts wrong rows is 0 in each file. `fine` and `wrong` read on after the count."""
    bad = {part: count for part, count in looked.measures(name).items() if count}
    total, looked_at = int(sum(bad.values())), int(looked.total(of))
    says = f"{looked_at:,} rows of {_files(looked)} {fine}"
    if bad:
        says = f"{few(list(bad))}: {total:,} of {looked_at:,} rows {wrong}; read these again"
    numbers = {"files": len(looked.rows), "rows": looked_at, name: total, "wrong_files": len(bad)}
    return Finding(check, subject, not bad, says, numbers)


def sums_agree(subject: str, looked: Looked[Part], sums: Sequence[str], prefix: str = "") -> Finding:
    """The sums recorded with a file are those of its rows; with older files none were recorded."""
    told = [part for part in looked.rows if all(name in looked.facts[part] for name in sums)]
    got = {part: [looked.rows[part].get(name) or 0 for name in sums] for part in told}
    said = {part: [looked.facts[part][name] for name in sums] for part in told}
    wrong = [part for part in told if any(map(_differ, said[part], got[part]))]
    totals = dict(zip(sums, map(sum, zip(*got.values(), strict=True)), strict=False))
    says = f"{_summed(sums, totals.values())} in {len(told)} of {_files(looked)}, as recorded"
    if wrong:
        first = wrong[0]
        says = (
            f"{few(wrong)}: expected {_summed(sums, said[first])} as recorded, "
            f"rows add up to {_summed(sums, got[first])}; read these again"
        )
    skipped = len(looked.rows) - len(told)
    numbers = {"files": len(told), "files_without_sums": skipped, **totals, "wrong_files": len(wrong)}
    return Finding(f"{prefix}sums_agree", subject, not wrong, says, numbers)


def _summed(names: Iterable[str], sums: Iterable[float]) -> str:
    return (
        " and ".join(f"{value:,.10g} {name}" for name, value in zip(names, sums, strict=False)) or "no sums"
    )


def _differ(one: float, other: float) -> bool:
    return abs(one - other) > 1e-6 * max(1.0, abs(other))


def within_bounds(subject: str, looked: Looked[date], name: str, judged: Iterable[date]) -> Finding:
    """Each judged day lies between a tenth and ten times of what is usual on its weekday."""
    values = looked.known(name)
    usual = {day: known for day in judged if day in values and (known := _usual(values, day)) >= LEAST_USUAL}
    ratios = {day: values[day] / known for day, known in usual.items()}
    outside = [day for day, ratio in ratios.items() if not 1 / FACTOR <= ratio <= FACTOR]
    numbers: dict[str, float] = {"days": len(ratios), "outside": len(outside)}
    says = f"{len(ratios)} days judged, all within a tenth and ten times of their weekday's median"
    if ratios:
        worst = max(ratios, key=lambda day: _distance(ratios[day]))
        numbers |= {"lowest_ratio": min(ratios.values()), "highest_ratio": max(ratios.values())}
        numbers |= {f"worst_{name}": values[worst], "worst_median": usual[worst]}
        if outside:
            says = (
                f"{few(outside)}: {values[worst]:,.10g} {name} on {worst}, the median of its weekday in the "
                f"{WEEKS} weeks before is {usual[worst]:,.10g}; look whether that is true at the source"
            )
    return Finding("views_within_bounds", subject, not outside, says, numbers, blocking=False)


def _usual(values: Mapping[date, float], day: date) -> float:
    """The median of the same weekday in the weeks before; 0 where too few of them are held."""
    weeks = (day - timedelta(weeks=back) for back in range(1, WEEKS + 1))
    known = [values[each] for each in weeks if each in values]
    return median(known) if len(known) >= FEWEST_WEEKS else 0.0


def _distance(ratio: float) -> float:
    """How far from 1, either way."""
    return max(ratio, 1 / ratio) if ratio else float("inf")


def days_present(subject: str, due: Sequence[date], held: Sequence[date]) -> list[Finding]:
    """Each day that is due is there; and, without blocking, each before them from the first one held on.

    A span that is being filled is no reason to hold back what is recent.
    """
    there = {*held}
    missing = [day for day in due if day not in there]
    before = days_between(held[0], due[0] - ONE_DAY) if held and due else []
    older = [day for day in before if day not in there]
    numbers = {"days": len(due), "missing": len(missing), "older_missing": len(older)}
    return [
        Finding("days_present", subject, not missing, _present(due, missing), numbers),
        Finding(
            "older_days_present",
            subject,
            not older,
            _present(before, older),
            {"days": len(before), "missing": len(older)},
            blocking=False,
        ),
    ]


def _present(due: Sequence[date], missing: Sequence[date]) -> str:
    if missing:
        return f"{len(missing)} of {len(due)} days are not there ({_spans(missing)}); fetch them"
    return f"{len(due)} days, all there"


def files_readable(
    subject: str, opened: int, damaged: Mapping[Part, str], check: str = "files_readable"
) -> Finding:
    """Every file that was opened is one of this lake."""
    total = opened + len(damaged)
    says = f"{total} files opened"
    if damaged:
        why = next(iter(damaged.values()))
        says = f"{len(damaged)} of {total} files cannot be read ({few(list(damaged))}): {why}"
    return Finding(check, subject, not damaged, says, {"files": total, "damaged": len(damaged)})


def _files(looked: Looked[Part]) -> str:
    return f"{len(looked.rows)} files"


def _spans(days: Iterable[date]) -> str:
    found = [str(first) if first == last else f"{first}..{last}" for first, last in spans(days)]
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more gaps" if len(found) > NAMED else "")


def few(parts: Sequence[date | int]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(parts) - NAMED} more" if len(parts) > NAMED else ""
    return ", ".join(map(str, parts[:NAMED])) + more
