"""Findings as Dagster's asset checks: their numbers, their table, and what they stop."""

from collections.abc import Iterable, Iterator

import dagster as dg

from video_analytics.checks import SHOWN, Checked, checked, result, results, specs, together
from video_analytics.quality import Finding

KEY = dg.AssetKey(["school", "days"])
PROMISES = {"keys_unique": "no key twice", "views_within_bounds": "sane"}


def finding(
    check: str = "keys_unique", subject: str = "internet", *, ok: bool = True, **numbers: float
) -> Finding:
    return Finding(check, subject, ok, f"{subject} says", numbers, blocking=check == "keys_unique")


def materialize(findings: Iterable[Finding], error: Exception | None = None) -> dg.ExecuteInProcessResult:
    """An asset whose checks find this, and one that follows it."""

    @dg.asset(key=KEY, check_specs=specs(KEY, PROMISES))
    def days(context: dg.AssetExecutionContext) -> Checked:
        def work() -> dg.MaterializeResult[None]:
            if error:
                raise error
            return dg.MaterializeResult()

        yield from checked(work, results(context, PROMISES, findings))

    @dg.asset(deps=[KEY])
    def files() -> None:
        """What would mislead."""

    return dg.materialize([days, files], raise_on_error=False)


def evaluations(done: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {each.check_name: each for each in done.get_asset_check_evaluations()}


def made(done: dg.ExecuteInProcessResult) -> list[str]:
    return [
        str(event.asset_key and event.asset_key.path[-1]) for event in done.get_asset_materialization_events()
    ]


def test_all_but_warnings_block() -> None:
    assert {spec.name: spec.blocking for spec in specs(KEY, PROMISES)} == {
        "keys_unique": True,
        "views_within_bounds": False,
    }


def test_what_is_well_is_recorded_with_its_numbers() -> None:
    done = materialize([finding(rows=3), finding(subject="intranet", rows=4)])
    assert done.success
    unique = evaluations(done)["keys_unique"]
    assert unique.passed
    assert {name: value.value for name, value in unique.metadata.items()} == {
        "subjects": 2,
        "not_ok": 0,
        "rows": 7,
    }
    assert evaluations(done)["views_within_bounds"].passed  # nothing to look at yet


def test_what_is_not_well_fails_the_run_and_stops_what_follows() -> None:
    done = materialize([finding(), finding(subject="intranet", ok=False, repeated=2)])
    assert not done.success
    assert made(done) == ["days"]
    unique = evaluations(done)["keys_unique"]
    assert (unique.passed, unique.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert unique.metadata["repeated"].value == 2
    assert "| intranet | intranet says |" in str(unique.metadata["findings"].value)
    assert unique.description == "intranet: intranet says"


def test_a_warning_stops_nothing() -> None:
    done = materialize([finding("views_within_bounds", ok=False)])
    assert done.success
    assert made(done) == ["days", "files"]
    warned = evaluations(done)["views_within_bounds"]
    assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)


def test_where_some_partitions_failed_the_others_are_checked_and_the_failure_tells_which() -> None:
    done = materialize([finding(ok=False)], dg.Failure("one is dead", allow_retries=False))
    assert not done.success
    assert not evaluations(done)["keys_unique"].passed
    (failed,) = (event.step_failure_data.error for event in done.all_events if event.is_step_failure)
    assert failed is not None
    assert "one is dead" in failed.message


def test_numbers_of_several_subjects_are_put_together() -> None:
    found = [finding(rows=1, lowest_ratio=0.5, highest_ratio=2.0), finding(rows=2, lowest_ratio=0.1)]
    assert together(found) == {"rows": 3, "lowest_ratio": 0.1, "highest_ratio": 2.0}


def test_numbers_are_plain_so_that_they_are_plotted() -> None:
    shown = result(KEY, "keys_unique", [finding(rows=1, ratio=0.5)]).metadata
    assert shown["rows"] == dg.MetadataValue.int(1)
    assert shown["ratio"] == dg.MetadataValue.float(0.5)


def test_a_table_is_bounded_and_no_text_breaks_out_of_it() -> None:
    many = [Finding("keys_unique", f"course {number}", False, "a | b\nc" + "!" * 999) for number in range(99)]
    table = str(result(KEY, "keys_unique", many).metadata["findings"].value)
    assert len(table.splitlines()) == SHOWN + 3
    assert "a \\| b c!" in table
    assert "79 more" in table
    assert len(table) < 10_000


def test_findings_are_judged_once_for_all_checks() -> None:
    asked = []

    def found() -> Iterator[Finding]:
        asked.append("once")
        yield finding()

    assert materialize(found()).success
    assert asked == ["once"]
