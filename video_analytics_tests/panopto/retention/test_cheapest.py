"""The least bundles that fit, found again by trying everything, and what they give up."""

import random
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from video_analytics.errors import PlanError
from video_analytics.lake import connect
from video_analytics.panopto.retention.affected import Affected, Folder, affected
from video_analytics.panopto.retention.cheapest import WINDOWS, Lost, Offer, cheapest
from video_analytics.panopto.retention.fewer import fewer_rows
from video_analytics.panopto.retention.scenarios import reckon
from video_analytics.settings.retention import Bundle, Hours, Retention, Rule, Scenario
from video_analytics_tests.panopto.retention.worlds import (
    HOUR_US,
    Row,
    held_of,
    hold,
    random_sessions,
    remembering,
    session,
)

DAY = date(2022, 6, 1)
RECENT, OLD = Rule(recent=True), Rule(watched=True, recent=False)
KEEP = Scenario(name="keep", window_months=6, stored=(RECENT,), archived=(OLD,), deleted="rest")
FEW = (1, 6, 8, 21)  # windows
BUNDLES = (
    Bundle(name="big", archived=100, stored=1),
    Bundle(name="small", archived=20),
    Bundle(name="new", created=50),
)


def viewed(number: int, months: int, hours: float, **changes: Any) -> Row:
    """A session last viewed so many months ago."""
    return session(number, round(hours * HOUR_US), viewed=DAY - relativedelta(months=months), **changes)


def offers(
    rows: Iterable[Row], *scenarios: Scenario, windows: Iterable[int] = FEW, **changes: Any
) -> list[Offer]:
    retention = Retention(scenarios=scenarios or (KEEP,), bundles=BUNDLES, **changes)
    with held_of(rows, DAY, retention) as held:
        return cheapest(held, retention.scenarios, windows)


def terms(offer: Offer) -> tuple[int, tuple[str, ...]]:
    return offer.scenario.window_months, offer.scenario.bundles


# --- the search -------------------------------------------------------------------------------------------


def test_a_wider_window_comes_before_a_bundle() -> None:
    rows = [viewed(1, 3, 10), viewed(2, 20, 15)]
    (offer,) = offers(rows, windows=WINDOWS, limits=Hours(stored=25, archived=12))
    assert offer.fits
    assert terms(offer) == (20, ())  # of 20 to 36, which come to the same, the nearest to its own 6
    assert offer.figures["stored"].conserved == pytest.approx(25)
    assert offer.added_hours == 0


def test_the_own_window_stays_where_nothing_is_better() -> None:
    for months in (6, 8, 21):
        own = KEEP.model_copy(update={"window_months": months})
        (offer,) = offers([viewed(1, 3, 10)], own, limits=Hours(stored=25, archived=12))
        assert terms(offer) == (months, ())


def test_of_as_many_bundles_the_smaller_one_is_bought() -> None:
    rows = [viewed(1, 3, 10), viewed(2, 20, 15)]
    (offer,) = offers(rows, limits=Hours(stored=12, archived=0))
    assert terms(offer) == (6, ("small",))
    assert offer.added_hours == 20
    assert offer.figures["archived"].limit == 20
    (offer,) = offers([*rows, viewed(3, 50, 30)], limits=Hours(stored=12, archived=0))
    assert terms(offer) == (6, ("big",))


def test_fewer_bundles_come_before_fewer_hours_lost() -> None:
    lose = KEEP.model_copy(update={"name": "lose", "archived": (), "deleted": (Rule(recent=False),)})
    rows = [viewed(1, 3, 10), viewed(2, 40, 15)]
    found = offers(rows, KEEP, lose, limits=Hours(stored=12, archived=0))
    assert [(each.scenario.name, terms(each)[1]) for each in found] == [("lose", ()), ("keep", ("small",))]
    assert [each.deleted.hours for each in found] == [15, 0]
    found = offers(rows, lose, KEEP, limits=Hours(stored=12, archived=15))
    assert [each.scenario.name for each in found] == ["keep", "lose"]  # as many bundles: fewer hours deleted


def test_what_turns_new_hours_away_comes_later() -> None:
    less = KEEP.model_copy(update={"name": "less", "imported": {"Zoom": 0.25}})
    rows = [viewed(1, 3, 8, started=date(2022, 1, 1), stream_source="Zoom")]
    found = offers(rows, less, KEEP, limits=Hours(stored=100, created=100))
    assert [(each.scenario.name, each.not_imported) for each in found] == [("keep", 0), ("less", 6)]


def test_a_window_of_its_own_beyond_three_years_is_tried_too() -> None:
    far = KEEP.model_copy(update={"window_months": 48})
    (offer,) = offers([viewed(1, 45, 10)], far, limits=Hours(stored=10))
    assert terms(offer) == (48, ())


def test_bundles_a_scenario_takes_twice_are_tried_as_they_are() -> None:
    twice = KEEP.model_copy(update={"bundles": ("new", "new")})
    rows = [viewed(1, 3, 90, started=date(2022, 1, 1))]
    (offer,) = offers(rows, twice, limits=Hours(stored=1000))
    assert offer.fits
    assert terms(offer) == (6, ("new", "new"))


def test_where_nothing_fits_the_nearest_is_told_and_nothing_bought_in_vain() -> None:
    rows = [viewed(1, 1, 30), viewed(2, 2, 8), viewed(3, 9, 150)]
    (offer,) = offers(rows, limits=Hours(stored=20, archived=40))
    assert not offer.fits
    assert terms(offer) == (1, ("big", "small"))
    assert offer.breaks == {"stored": pytest.approx(30 - 21)}


def test_offers_that_fit_come_first() -> None:
    lose = KEEP.model_copy(update={"name": "lose", "archived": (), "deleted": (Rule(recent=False),)})
    rows = [viewed(1, 1, 10), viewed(2, 40, 1000)]
    found = offers(rows, KEEP, lose, limits=Hours(stored=10))
    assert [(each.scenario.name, each.fits) for each in found] == [("lose", True), ("keep", False)]


def test_a_window_with_which_the_rules_are_no_plan_is_passed_over() -> None:
    odd = Scenario(
        name="odd",
        window_months=6,
        stored=(RECENT,),
        archived=(Rule(recent=False, created_before_months=12),),
        deleted=(Rule(watched=False, created_within_months=12),),
    )
    rows = [viewed(1, 8, 5, started=date(2021, 10, 1))]  # within 8 months recent, else nowhere
    with pytest.raises(PlanError), held_of(rows, DAY, Retention(scenarios=(odd,))) as held:
        reckon(held, odd)
    (offer,) = offers(rows, odd, limits=Hours(stored=20, created=20))
    assert terms(offer) == (8, ())


def test_rules_that_are_no_plan_with_any_window_are_an_error() -> None:
    both = KEEP.model_copy(update={"archived": (Rule(),)})
    with pytest.raises(PlanError, match="in stored and archived at once"):
        offers([viewed(1, 1, 1)], both)


MONTHS = (1, 3, 6, 11, 18, 30)


def test_the_offer_is_the_best_of_all_there_are() -> None:
    dice = random.Random(5)
    seen = set()
    with connect() as connection:
        for _ in range(3):
            limits = Hours(
                stored=dice.randint(20, 60), created=dice.randint(5, 40), archived=dice.randint(0, 20)
            )
            retention = Retention(scenarios=(KEEP,), bundles=BUNDLES, limits=limits)
            held = hold(connection, random_sessions(dice, DAY, 40), DAY, retention)
            (offer,) = cheapest(held, (KEEP,), MONTHS)
            assert _told(offer) == min(_everything(remembering(held)))
            seen.add(offer.scenario.bundles)
    assert len(seen) > 1


def _told(offer: Offer) -> tuple[float, ...]:
    return (
        round(sum(offer.breaks.values()), 6),
        len(offer.scenario.bundles),
        offer.added_hours,
        *(round(offer.figures[bucket].conserved, 6) for bucket in ("deleted", "archived")),
    )


def _everything(held: Any) -> Iterable[tuple[float, ...]]:
    """Each plan there is, by its own account."""
    sizes = {each.name: each.stored + each.created + each.archived for each in BUNDLES}
    sets: Sequence[tuple[str, ...]] = [each for size in range(4) for each in combinations(sizes, size)]
    for bundles in sets:
        for months in MONTHS:
            plan = KEEP.model_copy(update={"bundles": bundles, "window_months": months})
            outcome = reckon(held, plan)
            rooms = [figure.headroom for figure in outcome.figures.values() if figure.headroom is not None]
            assert outcome.fits == all(room >= 0 for room in rooms)
            over = round(sum(max(0.0, -room) for room in rooms), 6)
            lost = (round(outcome.figures[bucket].conserved, 6) for bucket in ("deleted", "archived"))
            yield over, len(bundles), sum(sizes[each] for each in bundles), *lost


# --- what it gives up -------------------------------------------------------------------------------------


def test_what_is_given_up_is_told() -> None:
    lose = KEEP.model_copy(update={"deleted": (OLD,), "archived": (Rule(watched=False),)})
    rows = [
        viewed(1, 50, 4, views=3),
        viewed(2, 60, 1, views=2),
        viewed(3, 1, 7, views=9, archived=1),  # stays as it is
        session(4, 5 * HOUR_US),
        session(5, 6 * HOUR_US, archived=1),
    ]
    (offer,) = offers(rows, lose, limits=Hours(stored=100, archived=100))
    assert offer.deleted == Lost(5, 2, 5, 2, 5, 0)
    assert offer.archived == Lost(18, 3, 7, 1, 9, 13)
    assert offer.figures["archived"].conserved == 18


def test_nothing_is_given_up_where_all_stays() -> None:
    (offer,) = offers([viewed(1, 1, 4)], limits=Hours(stored=100))
    assert offer.deleted == offer.archived == Lost()


# --- fewer rows -------------------------------------------------------------------------------------------


def test_fewer_rows_come_to_the_same_hours() -> None:
    rows = random_sessions(random.Random(2), DAY, 60)
    aged = KEEP.model_copy(update={"deleted": (Rule(watched=False, created_before_months=3),)})
    with held_of(rows, DAY) as held:
        whole = held.connection.execute("SELECT count(*) FROM cube").fetchall()
        with fewer_rows(held, [KEEP]) as fewer:
            assert fewer.connection.execute("SELECT count(*) FROM cube").fetchall() < whole
            assert fewer.total_us() == held.total_us()
            for later in (0, 7):
                assert reckon(fewer, KEEP, later) == reckon(held, KEEP, later)
        with fewer_rows(held, [KEEP, aged]) as fewer:
            assert fewer is held
        assert held.connection.execute("SELECT count(*) FROM cube").fetchall() == whole


# --- whom a scenario affects ------------------------------------------------------------------------------


def test_the_folders_with_most_hours_are_told_with_their_creators() -> None:
    rows = [
        viewed(1, 50, 4, root_folder="A", creator_id="x"),
        viewed(2, 50, 4, root_folder="A", creator_id="y", archived=1),
        viewed(3, 50, 2, root_folder="A", creator_id="y"),
        viewed(4, 50, 9, root_folder="A", subfolder_1="B", folder_name="C", creator_id="x"),
        viewed(5, 50, 1),
        viewed(6, 1, 70, root_folder="A", creator_id="z"),
    ]
    with held_of(rows, DAY) as held:
        found = affected(held, KEEP, "archived", most=2)
        assert found == Affected(
            "archived", (Folder("A", 10, 4, 3, 2), Folder("A / B / C", 9, 0, 1, 1)), number=3, hours=20
        )
        assert affected(held, KEEP, "archived").folders[2] == Folder("(none)", 1, 0, 1, 0)
        assert affected(held, KEEP, "deleted") == Affected("deleted", (), 0, 0)
