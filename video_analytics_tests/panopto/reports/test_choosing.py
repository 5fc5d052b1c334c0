from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from random import Random

import pytest

from video_analytics.errors import ReportError
from video_analytics.panopto.reports.choosing import Choice, Held, chosen, newest_date
from video_analytics.panopto.reports.kinds import CREATED, STORAGE, USAGE, Kind

DAY = date(2022, 6, 1)
YEARS = [(f"{year}-06-01", f"{year + 1}-06-01") for year in range(2018, 2022)]  # that touch
EVER = ("2010-01-01", "2022-06-01")


def held(kind: Kind, start: str, end: str, read_on: str = "2022-07-01", *, told: bool = True) -> Held:
    key = f"{kind.name}/{start}_{end}_{read_on}"
    return Held(key, kind.name, date.fromisoformat(start), date.fromisoformat(end), read_on, "a.csv", told)


def periods(choice: Choice, kind: Kind) -> list[tuple[str, str]]:
    return [(str(each.start), str(each.end)) for each in choice.reports if each.kind == kind.name]


def of_usage(*days: tuple[str, str], day: date = DAY) -> Choice:
    return chosen([held(CREATED, *EVER), *(held(USAGE, *each) for each in days)], day)


def said(choice: Choice) -> str:
    return "\n".join(choice.warnings())


def test_yearly_reports_that_touch_are_counted_together_the_newest_first() -> None:
    choice = of_usage(*YEARS)
    assert periods(choice, USAGE) == YEARS[::-1]
    assert choice.period == (date(2018, 6, 1), date(2022, 6, 1))
    assert said(choice) == ""


def test_what_covers_the_most_days_counts_and_not_a_newer_short_one() -> None:
    choice = of_usage(*YEARS, ("2022-05-01", "2022-06-01"))
    assert periods(choice, USAGE) == YEARS[::-1]
    assert [report.told() for report in choice.left_out] == ["session_usage 2022-05-01..2022-06-01"]


def test_reports_that_overlap_are_not_counted_together() -> None:
    choice = of_usage(("2018-06-01", "2021-06-01"), ("2021-05-31", "2022-06-01"))
    assert periods(choice, USAGE) == [("2018-06-01", "2021-06-01")]
    assert "session_usage 2021-05-31..2022-06-01 is left out: it overlaps" in said(choice)
    assert "Views are told up to 2021-06-01 only, 365 days before" in said(choice)


def test_one_report_over_all_days_is_better_than_several_that_share_days() -> None:
    assert periods(of_usage(*YEARS, ("2018-06-01", "2022-06-01")), USAGE) == [("2018-06-01", "2022-06-01")]


def test_a_day_that_two_reports_hold_is_no_day_more() -> None:
    whole = ("2020-06-01", "2022-05-31")
    assert periods(of_usage(whole, ("2020-06-01", "2021-06-01"), ("2021-06-01", "2022-05-31")), USAGE) == [
        whole
    ]


def test_of_two_that_cover_as_much_the_newer_one_counts() -> None:
    assert periods(of_usage(("2018-01-01", "2018-12-31"), ("2019-01-01", "2019-12-31")), USAGE) == [
        ("2019-01-01", "2019-12-31"),
        ("2018-01-01", "2018-12-31"),
    ]
    assert periods(of_usage(("2018-01-01", "2018-12-31"), ("2018-02-01", "2019-01-31")), USAGE) == [
        ("2018-02-01", "2019-01-31")
    ]
    twice = [held(USAGE, *EVER, "2022-07-01"), held(USAGE, *EVER, "2022-08-01")]
    choice = chosen([held(CREATED, *EVER), *twice], DAY)
    assert [each.read_on for each in choice.reports if each.kind == USAGE.name] == ["2022-08-01"]


def test_a_gap_between_reports_is_told() -> None:
    told = said(of_usage(YEARS[0], YEARS[2], YEARS[3]))
    assert "No report tells views from 2019-06-02 to 2020-05-31" in told


def test_of_what_exists_the_newest_report_counts_and_older_ones_that_reach_further_back() -> None:
    usage = held(USAGE, *EVER)
    given = [("2015-01-01", "2021-06-01"), ("2016-01-01", "2020-01-01"), ("2020-06-01", "2022-06-01")]
    choice = chosen([usage, *(held(CREATED, *each) for each in given)], DAY)
    assert periods(choice, CREATED) == [given[2], given[0]]
    assert said(choice) == ""
    apart = chosen([usage, held(CREATED, *YEARS[0]), held(CREATED, *YEARS[3])], DAY)
    assert "No report lists what was created from 2019-06-02 to 2021-05-31" in said(apart)


def test_the_newest_storage_report_counts_alone() -> None:
    days = [("2015-01-01", "2021-06-01"), ("2022-05-01", "2022-06-01"), ("2022-05-02", "2022-06-01")]
    choice = chosen([held(STORAGE, *each) for each in days], DAY)
    assert periods(choice, STORAGE) == [("2022-05-01", "2022-06-01")]
    assert choice.viewed == choice.listing == choice.reports


@pytest.mark.parametrize(
    ("usage", "storage", "counts"),
    [
        (("2021-06-01", "2022-06-01"), ("2021-06-01", "2022-06-01"), USAGE),
        (("2021-06-01", "2022-06-01"), ("2015-06-01", "2022-06-01"), STORAGE),  # tells of a longer time
        (("2021-06-01", "2022-06-01"), ("2015-06-01", "2022-05-01"), STORAGE),
        (("2021-06-01", "2022-06-01"), ("2015-06-01", "2022-04-01"), USAGE),  # but is stale
        (("2010-06-01", "2022-05-01"), ("2021-06-01", "2022-06-01"), USAGE),
        (("2010-06-01", "2022-04-01"), ("2021-06-01", "2022-06-01"), STORAGE),  # usage is stale
    ],
)
def test_views_are_of_one_kind_of_report(
    usage: tuple[str, str], storage: tuple[str, str], counts: Kind
) -> None:
    choice = chosen([held(USAGE, *usage), held(STORAGE, *storage)], DAY)
    assert {report.kind for report in choice.viewed} == {counts.name}


def test_what_exists_is_told_by_the_newer_of_storage_and_created() -> None:
    usage = held(USAGE, *EVER)
    for storage_end, created_end, counts in (
        ("2022-06-01", "2022-06-01", STORAGE),
        ("2022-06-01", "2022-05-31", STORAGE),
        ("2022-05-31", "2022-06-01", CREATED),
    ):
        reports = [held(STORAGE, "2021-01-01", storage_end), held(CREATED, "2010-01-01", created_end), usage]
        assert {report.kind for report in chosen(reports, DAY).listing} == {counts.name}


def test_reports_that_end_after_the_date_count_only_where_none_ends_before() -> None:
    created = [held(CREATED, "2010-01-01", end) for end in ("2021-06-01", "2022-06-01", "2022-06-02")]
    usage = [held(USAGE, "2010-01-01", end) for end in ("2022-06-10", "2022-06-20")]
    choice = chosen([*created, *usage], DAY)
    assert periods(choice, CREATED) == [("2010-01-01", "2022-06-01")]
    assert periods(choice, USAGE) == [("2010-01-01", "2022-06-10")]
    assert "session_usage 2010-01-01..2022-06-10 ends after the report date" in said(choice)


def test_days_that_no_name_told_are_a_warning() -> None:
    reports = [held(CREATED, *EVER), held(USAGE, *EVER, told=False)]
    assert "The name of a.csv tells no period" in said(chosen(reports, DAY))


@pytest.mark.parametrize(
    ("kinds", "lacking"),
    [((), CREATED), ((USAGE,), CREATED), ((CREATED,), USAGE)],
    ids=["none", "only usage", "only created"],
)
def test_reports_that_do_not_suffice_are_an_error_that_names_what_lacks(
    kinds: tuple[Kind, ...], lacking: Kind
) -> None:
    with pytest.raises(ReportError) as caught:
        chosen([held(kind, *EVER) for kind in kinds], DAY)
    assert f"drop '{lacking.title}' of the same period into inbox/panopto" in str(caught.value)
    assert "2022-06-01" in str(caught.value)


@pytest.mark.parametrize("kinds", [(STORAGE,), (CREATED, USAGE), (STORAGE, USAGE), (STORAGE, CREATED)])
def test_reports_that_tell_what_exists_and_what_was_viewed_suffice(kinds: tuple[Kind, ...]) -> None:
    assert len(chosen([held(kind, *EVER) for kind in kinds], DAY).reports) == len(kinds)


def test_the_usual_report_date_is_the_last_day_of_the_newest_report() -> None:
    assert newest_date([held(USAGE, *YEARS[0]), held(CREATED, *YEARS[2])]) == date(2021, 6, 1)
    with pytest.raises(ReportError, match="inbox/panopto"):
        newest_date([])


def test_no_choice_covers_more_days_than_the_one_that_counts_and_order_does_not_matter() -> None:
    for seed in range(400):
        random = Random(seed)
        reports = [_anywhere(random, number) for number in range(random.randrange(1, 9))]
        choice = chosen([held(CREATED, *EVER), *reports], DAY)
        counted = [report for report in choice.reports if report.kind == USAGE.name]
        assert _follow_each_other(counted)
        sets = [each for size in range(1, len(reports) + 1) for each in combinations(reports, size)]
        follow = [each for each in sets if _follow_each_other(each)]
        most = max(len(_days(each)) for each in follow)
        assert len(_days(counted)) == most, seed
        assert len(counted) == min(len(each) for each in follow if len(_days(each)) == most), seed
        random.shuffle(reports)
        assert chosen([*reports, held(CREATED, *EVER)], DAY).reports == choice.reports


def _anywhere(random: Random, number: int) -> Held:
    start = date(2022, 1, 1) + timedelta(days=random.randrange(60))
    end = start + timedelta(days=random.randrange(30))
    return held(USAGE, str(start), str(end), f"2022-07-{number + 1:02}")


def _days(reports: Sequence[Held]) -> set[date]:
    return {report.start + timedelta(days=day) for report in reports for day in range(report.days)}


def _follow_each_other(reports: Sequence[Held]) -> bool:
    """Whether no two share more than a day in which one ends and the other begins."""
    return all(a.end <= b.start or b.end <= a.start for a, b in combinations(reports, 2))
