"""A list that is read while it changes: equal to the vendor's, or an explicit gap."""

import datetime as dt
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from video_analytics.brightcove import catalogue
from video_analytics.brightcove.catalogue import EMPTY_ASKS, list_deleted, list_videos
from video_analytics.brightcove.client import Client
from video_analytics.errors import Incomplete, VendorError
from video_analytics.sandbox import Sandbox
from video_analytics.settings import Account, Brightcove, Settings
from video_analytics_tests.conftest import NOW, NewSandbox, client_of, settings_for

PEACE = {"rate_scale": 1000}
ACCOUNT = Account(name="one", id="1", business_unit="Unit", category="cat", timezone="UTC")


def unlimited(client: Client) -> Client:
    """Without the vendor's rate: these tests ask a vendor that has none."""
    client._cms._limits = None
    return client


def ids(videos: list[dict[str, Any]]) -> list[str]:
    return [video["id"] for video in videos]


def true_ids(sandbox: Sandbox, account: Account) -> list[str]:
    videos = sandbox.world.videos(account.id, sandbox.now())
    return ids(sorted(videos, key=lambda video: (video["created_at"], video["id"])))


def made_at(sandbox: Sandbox, account: Account, now: dt.datetime) -> set[str]:
    """The videos made at that very instant, those deleted at once included."""
    table = sandbox.world.catalogue(account.id)
    return {table.ids[place] for place in (table.created == now.timestamp() * 1000).nonzero()[0].tolist()}


def one_account(sandbox: Sandbox, home: Path, name: str = "Internet", page: int = 20) -> Settings:
    return settings_for(sandbox, home, accounts=[name], cms_page=page)


def whole_or_gap(client: Client, account: Account) -> list[str] | None:
    """The ids of a listing; None if it says itself that it is not whole."""
    try:
        return ids(list_videos(client, account))
    except Incomplete:
        return None


# a vendor at rest


@pytest.mark.parametrize("page", [6, 7, 10, 35, 75, 100])
def test_every_page_size_gives_the_whole_list(home: Path, new_sandbox: NewSandbox, page: int) -> None:
    sandbox = new_sandbox(PEACE)
    settings = one_account(sandbox, home, page=page)
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        assert ids(list_videos(unlimited(client), account)) == true_ids(sandbox, account)


@pytest.mark.parametrize("page", [1, 2, 5])
def test_pages_too_small_to_overlap_give_the_whole_list_or_a_gap(
    home: Path, new_sandbox: NewSandbox, page: int
) -> None:
    """Videos of one instant have no order among themselves: a page of one can pass them by."""
    sandbox = new_sandbox(PEACE)
    settings = one_account(sandbox, home, page=page)
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        assert whole_or_gap(unlimited(client), account) in (None, true_ids(sandbox, account))


def test_a_list_costs_few_calls(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    settings = one_account(sandbox, home, page=100)
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        list_videos(unlimited(client), account)
        paths = [entry["path"].rpartition("/")[2] for entry in sandbox.log() if entry["kind"] == "cms"]
        assert len(paths) == len(true_ids(sandbox, account)) // 95 + 1 + 2  # pages, and a count at each end


def test_deleted_videos_are_listed_for_ten_days(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    settings = one_account(sandbox, home)
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        unlimited(client)
        gone = true_ids(sandbox, account)[:3]
        for video in gone:
            sandbox.world.delete(account.id, video, NOW)
        assert set(gone) <= set(ids(list_deleted(client, account)))
        assert not set(gone) & set(ids(list_videos(client, account)))
        sandbox.set_now(NOW + dt.timedelta(days=11))
        assert not set(gone) & set(ids(list_deleted(client, account)))


def test_an_account_without_videos_is_one_count(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE)
    settings = one_account(sandbox, home, "MyWay")
    (account,) = settings.brightcove.accounts
    for video in true_ids(sandbox, account):
        sandbox.world.delete(account.id, video, NOW)
    with client_of(settings) as client:
        assert list_videos(unlimited(client), account) == []
        assert [entry["path"] for entry in sandbox.log() if entry["kind"] == "cms"] == [
            f"/cms/v1/accounts/{account.id}/counts/videos"
        ]


def test_empty_pages_in_the_middle_are_asked_for_again(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE | {"empty_pages": EMPTY_ASKS - 1})
    settings = one_account(sandbox, home)
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        assert ids(list_videos(unlimited(client), account)) == true_ids(sandbox, account)
    assert sum(entry["fault"] == "empty_page" for entry in sandbox.log()) == EMPTY_ASKS - 1


def test_pages_that_stay_empty_are_a_gap(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox(PEACE | {"empty_pages": 100_000})
    settings = one_account(sandbox, home)
    (account,) = settings.brightcove.accounts
    whole = len(true_ids(sandbox, account))
    with (
        client_of(settings) as client,
        pytest.raises(
            Incomplete, match=f"Internet cms/videos: expected {whole} videos by the vendor's count, found 20 "
        ),
    ):
        list_videos(unlimited(client), account)


def test_a_token_may_end_before_any_page(
    home: Path, new_sandbox: NewSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every request of a listing: refused once, one new token, no page lost."""
    sandbox = new_sandbox(PEACE)
    settings = one_account(sandbox, home)
    (account,) = settings.brightcove.accounts
    whole = true_ids(sandbox, account)
    with client_of(settings) as client:
        list_videos(unlimited(client), account)
    requests = sum(entry["kind"] == "cms" for entry in sandbox.log())
    assert requests > 6
    for which in range(1, requests + 1):
        sandbox.reset_log()
        left = iter(range(1, 1000))
        monkeypatch.setattr(sandbox.service.faults, "revokes", lambda left=left, k=which: next(left) == k)
        with client_of(settings) as client:
            assert ids(list_videos(unlimited(client), account)) == whole
        kinds = [entry["kind"] for entry in sandbox.log()]
        assert (kinds.count("oauth"), kinds.count("cms")) == (2, requests + 1)


# a vendor that changes


@pytest.mark.parametrize("seed", range(1, 41))
def test_drift_over_the_wire(home: Path, new_sandbox: NewSandbox, seed: int) -> None:
    """Who was there all the time is in the list, who never was is not; at rest it is the vendor's own."""
    sandbox = new_sandbox(PEACE | {"paging_drift": True}, seed=seed)
    settings = one_account(sandbox, home)
    (account,) = settings.brightcove.accounts
    before = set(true_ids(sandbox, account))
    with client_of(settings) as client:
        unlimited(client)
        found = whole_or_gap(client, account)
        after = set(true_ids(sandbox, account))
        if found is not None:
            assert len(found) == len(set(found))
            assert before & after <= set(found) <= before | after | made_at(sandbox, account, NOW)
        sandbox.set_scenario(PEACE)
        assert ids(list_videos(client, account)) == true_ids(sandbox, account)


@dataclass
class Drifting:
    """The two calls that a listing needs, over a list that changes by a script; no wire, for speed."""

    draw: random.Random
    events: int
    ids: list[int] = field(default_factory=lambda: list(range(0, 240, 2)))
    settings: Brightcove = field(default_factory=lambda: Brightcove(cms_page=20))
    seen: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    calls: int = 0
    last: list[dict[str, Any]] = field(default_factory=list)

    def count(self, _account: Account, _query: str = "") -> int:
        self.calls += 1
        self.happen()
        return len(self.ids)

    def videos_page(
        self, _account: Account, *, offset: int, limit: int, sort: str, query: str = ""
    ) -> list[dict[str, Any]]:
        assert not query
        self.calls += 1
        self.happen()
        ordered = sorted(self.ids, reverse=sort.startswith("-"))
        page = [as_video(number) for number in ordered[offset : offset + limit]]
        page = self.spoilt(page)
        self.last = page or self.last
        return page

    def happen(self) -> None:
        """Something new at the end, something deleted anywhere."""
        if self.events and self.draw.random() < 0.3:
            self.events -= 1
            if self.draw.random() < 0.5:
                self.ids.append(max(self.ids) + 1)
                self.seen.add(self.ids[-1])
            else:
                self.gone.add(self.ids.pop(self.draw.randrange(len(self.ids))))

    def spoilt(self, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.events or self.draw.random() > 0.2:
            return page
        self.events -= 1
        return self.draw.choice(([], page[: len(page) // 2], self.last, page[::-1], page + page[:1]))


def as_video(number: int) -> dict[str, Any]:
    return {"id": str(number), "created_at": f"2026-01-01T{number:06d}"}


def test_a_thousand_scripts_of_drift() -> None:
    outcomes = {"whole": 0, "moving": 0, "gap": 0}
    for seed in range(1000):
        draw = random.Random(seed)
        vendor = Drifting(draw, events=draw.choice((0, 1, 3, 10, 30, 10_000)))
        stayed = set(vendor.ids)
        told = whole_or_gap(cast("Client", vendor), ACCOUNT)
        if told is None:
            outcomes["gap"] += 1
            assert vendor.calls > 20, seed
        else:
            found = [int(name) for name in told]
            stayed -= vendor.gone
            assert found == sorted(set(found)), seed
            assert stayed <= set(found), (
                f"script {seed} lost {sorted(stayed - set(found))}, there all the time"
            )
            assert set(found) <= stayed | vendor.seen | vendor.gone, seed
            outcomes["whole" if set(found) == set(vendor.ids) else "moving"] += 1
        assert vendor.calls < 400, seed
    assert outcomes["whole"] > 500, outcomes


def test_the_same_page_for_ever_is_a_gap() -> None:
    vendor = Drifting(random.Random(1), events=0)
    first = [as_video(number) for number in vendor.ids[:20]]
    vendor.videos_page = lambda *_words, offset, **_options: first if offset < 120 else []  # type: ignore[method-assign]
    with pytest.raises(Incomplete, match="expected 120 videos by the vendor's count, found 20"):
        list_videos(cast("Client", vendor), ACCOUNT)


@pytest.mark.timeout(60)
def test_full_pages_without_end_are_given_up() -> None:
    """A vendor that ignores the offset answers with a full page whatever is asked."""
    vendor = Drifting(random.Random(1), events=0)
    first = [as_video(number) for number in vendor.ids[:20]]

    def same(*_words: object, **_options: object) -> list[dict[str, Any]]:
        vendor.calls += 1
        assert vendor.calls < 5_000, "asked without end"
        return first

    vendor.videos_page = same  # type: ignore[method-assign]
    with pytest.raises(Incomplete):
        list_videos(cast("Client", vendor), ACCOUNT)


def test_a_count_that_lies_is_a_gap() -> None:
    for wrong in (-1, 1, 50):
        vendor = Drifting(random.Random(1), events=0)
        vendor.count = lambda *_words, wrong=wrong: 120 + wrong  # type: ignore[method-assign]
        with pytest.raises(
            Incomplete, match=f"expected {120 + wrong} videos by the vendor's count, found 120"
        ):
            list_videos(cast("Client", vendor), ACCOUNT)


def test_a_refused_account_is_an_error(home: Path, new_sandbox: NewSandbox) -> None:
    sandbox = new_sandbox({"dead_accounts": ["neo"], "dead_how": "403"})
    settings = one_account(sandbox, home, "neo")
    (account,) = settings.brightcove.accounts
    with client_of(settings) as client:
        for call in (list_videos, list_deleted):
            with pytest.raises(VendorError, match="Brightcove neo cms/counts/videos count: HTTP 403"):
                call(client, account)


def test_the_order_is_by_creation_and_id() -> None:
    videos: dict[str, dict[str, Any]] = {"9": {"id": "9", "created_at": None}}
    videos |= {"10": {"id": "10", "created_at": "b"}}
    videos |= {"8": {"id": "8", "created_at": "b"}, "7": {"id": "7", "created_at": "a"}}
    assert ids(catalogue._in_order(videos)) == ["9", "7", "10", "8"]
