import json
import random
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from video_analytics.brightcove import reports
from video_analytics.brightcove.client import Count, Token, VideoFields, _video_page
from video_analytics.brightcove.tables import DEVICES, ENGAGEMENT, METRICS
from video_analytics.brightcove.windows import Window
from video_analytics.decoding import decoder
from video_analytics.errors import Incomplete
from video_analytics.sandbox.malformed import KINDS

FIRST = date(2026, 6, 1)
WEEK = Window(tuple(FIRST + timedelta(days=number) for number in range(7)))
WHERE = "Brightcove neo analytics/data 2026-06-01..2026-06-07"
LATER, EARLIER = date(2027, 1, 1), date(2020, 1, 1)  # as the first recent day: all settled, all recent
DICE = st.integers(0, 2**32).map(random.Random)
KNOWN = (*DEVICES, "connected_tv")
CANARY = "Ilse Canary"

Row = dict[str, Any]
Json = dict[str, Any]


# the vendor's side: rows as answers, from the contract alone


def summed(rows: Iterable[Row], name: str) -> float:
    numbers: list[float] = [row[name] for row in rows if row[name] is not None]
    return sum(numbers)


def view_report(rows: list[Row]) -> Json:
    items = [{key: value for key, value in row.items() if key != "devices"} for row in rows]
    return {
        "item_count": len(rows),
        "items": items,
        "summary": {name: summed(rows, name) for name in METRICS},
    }


def device_report(rows: list[Row], *, dated: bool = True) -> Json:
    items = [
        {"video": row["video"], "date": row["date"], "device_type": device, "video_view": count}
        for row in rows
        for device, count in row["devices"].items()
    ]
    if not dated:
        items = [{key: value for key, value in item.items() if key != "date"} for item in items]
    return {"item_count": len(items), "items": items, "summary": {"video_view": summed(items, "video_view")}}


def mended(report: Json) -> Json:
    """Count and sums follow the rows: a vendor that is consistently wrong."""
    names = report["summary"].keys()
    return {
        "item_count": len(report["items"]),
        "items": report["items"],
        "summary": {name: summed(report["items"], name) for name in names},
    }


def encoded(answer: Any) -> bytes:
    return json.dumps(answer).encode()


def read(rows: Json, devices: Json, recent: date = LATER, window: Window = WEEK) -> list[reports.Day]:
    seen = reports.views(encoded(rows), window, WHERE)
    split = reports.devices(encoded(devices), window, WHERE)
    return reports.join(seen, [split], window, WHERE, recent)


# any days of an account

COUNT = st.integers(0, 10**6)
AMOUNT = st.one_of(st.integers(0, 10**6), st.floats(0, 1e9, allow_nan=False))
IDS = st.sampled_from([str(6_300_000_000_000 + number) for number in range(12)])


@st.composite
def a_row(draw: st.DrawFn, video: str | None, day: date) -> Row:
    devices = draw(st.dictionaries(st.sampled_from(KNOWN), st.integers(0, 1000), max_size=4))
    unknown = draw(st.booleans()) and not devices
    return {
        "video": video,
        "date": day.isoformat(),
        "video_name": draw(st.one_of(st.none(), st.text(max_size=8))) if video else None,
        "video_view": None if unknown else sum(devices.values()),
        "video_impression": draw(st.one_of(st.none(), COUNT)),
        **{name: draw(st.one_of(st.none(), AMOUNT)) for name in ENGAGEMENT},
        "video_percent_viewed": draw(st.one_of(st.none(), AMOUNT)),
        "video_seconds_viewed": draw(st.one_of(st.none(), COUNT)),
        "devices": devices,
    }


@st.composite
def some_rows(draw: st.DrawFn) -> list[Row]:
    """Days of the week with videos, and now and then traffic without one, in any order."""
    keys = draw(st.sets(st.tuples(st.one_of(st.none(), IDS), st.sampled_from(WEEK.wanted)), max_size=10))
    ordered = sorted(keys, key=lambda key: (key[0] or "", key[1]))
    rows = [draw(a_row(video, day)) for video, day in ordered]
    return draw(st.permutations(rows))


def expected(rows: list[Row], day: date) -> list[Row]:
    mine = [row for row in rows if row["date"] == day.isoformat() and row["video"] is not None]
    return [as_kept(row) for row in sorted(mine, key=lambda row: str(row["video"]))]


def as_kept(row: Row) -> Row:
    by_device: dict[str, int | None] = dict.fromkeys(DEVICES, 0)
    if row["video_view"] is None and not sum(row["devices"].values()):
        by_device = dict.fromkeys(DEVICES)
    else:
        split = {**dict.fromkeys(KNOWN, 0), **row["devices"]}
        by_device = {device: split[device] for device in DEVICES}
        by_device["other"] = split["other"] + split["connected_tv"]
    return {
        "video_id": row["video"],
        "video_name": row["video_name"],
        **{name: row[name] for name in METRICS},
        **{f"views_{device}": count for device, count in by_device.items()},
    }


def loose(rows: list[Row], day: date) -> dict[str, float]:
    mine = [row for row in rows if row["date"] == day.isoformat() and row["video"] is None]
    return {name: summed(mine, name) for name in METRICS} if mine else {}


@settings(max_examples=60)
@given(some_rows())
def test_what_goes_in_comes_out(rows: list[Row]) -> None:
    days = read(view_report(rows), device_report(rows))
    assert [day.date for day in days] == list(WEEK.wanted)
    for day in days:
        assert day.rows.to_pylist() == expected(rows, day.date)
        assert day.unattributed == loose(rows, day.date)
        assert "device_mismatches" not in day.notes


@settings(max_examples=60)
@given(some_rows())
def test_devices_asked_day_by_day_say_the_same(rows: list[Row]) -> None:
    seen = reports.views(encoded(view_report(rows)), WEEK, WHERE)
    answers = []
    for day in WEEK.wanted:
        mine = [row for row in rows if row["date"] == day.isoformat()]
        body = encoded(device_report(mine, dated=False))
        answers.append(reports.devices(body, Window((day,)), WHERE))
    by_day = reports.join(seen, answers, WEEK, WHERE, LATER)
    at_once = read(view_report(rows), device_report(rows))
    assert [day.rows.equals(other.rows) for day, other in zip(by_day, at_once, strict=True)] == [True] * 7


@settings(max_examples=60)
@given(some_rows(), st.sets(st.sampled_from(WEEK.wanted), min_size=1))
def test_only_wanted_days_come_out(rows: list[Row], wanted: set[date]) -> None:
    """Days between two wanted ones are asked for and let go."""
    window = Window(tuple(sorted(wanted)))
    inside = [row for row in rows if window.first <= date.fromisoformat(row["date"]) <= window.last]
    days = read(view_report(inside), device_report(inside), window=window)
    assert [day.date for day in days] == list(window.wanted)
    assert [day.rows.to_pylist() for day in days] == [expected(rows, day) for day in window.wanted]


@settings(max_examples=60)
@given(some_rows(), DICE)
def test_the_vendors_order_does_not_matter(rows: list[Row], draw: random.Random) -> None:
    views, devices = view_report(rows), device_report(rows)
    before = read(views, devices)
    draw.shuffle(views["items"])
    draw.shuffle(devices["items"])
    after = read(views, devices)
    assert [day.rows.equals(other.rows) for day, other in zip(before, after, strict=True)] == [True] * 7


def test_an_empty_answer_is_seven_empty_days() -> None:
    for summary in ({"video_view": 0}, {}, {"video_view": None}, None):
        answer = {"item_count": 0, "items": [], "summary": summary}
        days = read(answer, answer)
        assert [(day.rows.num_rows, day.unattributed, day.notes) for day in days] == [(0, {}, {})] * 7


def test_an_undocumented_device_is_counted_as_other() -> None:
    row = a_plain_row("1", FIRST, {"desktop": 2, "fridge": 3, "connected_tv": 1})
    (day, *_rest) = read(view_report([row]), device_report([row]))
    assert day.rows["views_other"].to_pylist() == [4]
    assert day.notes == {"unknown_devices": 2}


def test_unknown_keys_do_no_harm() -> None:
    row = a_plain_row("1", FIRST, {"desktop": 2})
    views, devices = view_report([row]), device_report([row])
    for answer in (views, devices):
        answer["new"] = {"deep": [1, {"er": None}]}
        answer["items"][0]["new"] = [1, 2]
    assert read(views, devices)[0].rows.num_rows == 1


# a single disturbance is never overlooked


def a_plain_row(video: str | None, day: date, devices: dict[str, int]) -> Row:
    views = sum(devices.values())
    return {
        "video": video,
        "date": day.isoformat(),
        "video_name": f"{CANARY} {video}",
        "video_view": views,
        "video_impression": views + 3,
        **dict.fromkeys(ENGAGEMENT, views * 0.75),
        "video_percent_viewed": views * 61.5,
        "video_seconds_viewed": views * 100,
        "devices": devices,
    }


def plain_rows() -> list[Row]:
    kinds = [{"desktop": 5}, {"mobile": 2, "tv": 1}, {"desktop": 1, "tablet": 1, "other": 1}]
    return [a_plain_row(video, day, dict(kind)) for day in WEEK.wanted for video, kind in zip(
        ["11", "12", None], kinds, strict=True
    )]  # fmt: skip


Change = Callable[[list[Row]], object]
NOTICED_BY_ITS_OWN_TOTALS: dict[str, Change] = {
    "a row is missing": lambda items: items.pop(4),
    "a row comes twice": lambda items: items.append(deepcopy(items[0])),
    "a view more": lambda items: items[3].update(video_view=items[3]["video_view"] + 1),
    "no view": lambda items: items[3].update(video_view=0),
    "an unknown number of views": lambda items: items[3].update(video_view=None),
    "all rows are missing": lambda items: items.clear(),
}


@pytest.mark.parametrize("change", NOTICED_BY_ITS_OWN_TOTALS.values(), ids=NOTICED_BY_ITS_OWN_TOTALS)
@pytest.mark.parametrize("recent", [LATER, EARLIER])
@pytest.mark.parametrize("of", ["views", "devices"])
def test_an_answer_must_agree_with_its_totals(change: Change, recent: date, of: str) -> None:
    views, devices = view_report(plain_rows()), device_report(plain_rows())
    change((views if of == "views" else devices)["items"])
    with pytest.raises(Incomplete, match="try again later"):
        read(views, devices, recent)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_summed_up(name: str) -> None:
    views = view_report(plain_rows())
    views["items"][7][name] += 1
    with pytest.raises(Incomplete, match=f"{name}: expected"):
        reports.views(encoded(views), WEEK, WHERE)


def test_a_repeated_key_is_found_though_the_totals_follow() -> None:
    views, devices = view_report(plain_rows()), device_report(plain_rows())
    for answer in (views, devices):
        answer["items"].append(deepcopy(answer["items"][0]))
    with pytest.raises(Incomplete, match=r"repeat a key \(video, date\)"):
        reports.views(encoded(mended(views)), WEEK, WHERE)
    with pytest.raises(Incomplete, match=r"repeat a key \(video, date, device\)"):
        reports.devices(encoded(mended(devices)), WEEK, WHERE)


def move_a_view(items: list[Row]) -> None:
    items[0]["video_view"] -= 1
    items[1]["video_view"] += 1


def lose_a_view(items: list[Row]) -> None:
    items[1]["video_view"] -= 1


def make_loose(items: list[Row]) -> None:
    items[0]["video"] = None


def rename(items: list[Row]) -> None:
    items[0]["video"] = "99"


def another_day(items: list[Row]) -> None:
    items[0]["date"] = items[-1]["date"]
    items[0]["device_type"] = "tablet"


def lose_a_row(items: list[Row]) -> None:
    items.pop(1)


BETWEEN_REPORTS = [move_a_view, lose_a_view, make_loose, rename, another_day, lose_a_row]


@pytest.mark.parametrize("change", BETWEEN_REPORTS)
def test_reports_that_contradict_each_other(change: Change) -> None:
    """Each adds up in itself: an error on settled days, a note on days that still move."""
    views, devices = view_report(plain_rows()), device_report(plain_rows())
    change(devices["items"])
    devices = mended(devices)
    with pytest.raises(Incomplete, match=f"{FIRST}: expected 11 views, devices add up to"):
        read(views, devices)
    days = read(views, devices, recent=EARLIER)
    assert days[0].notes["device_mismatches"] >= 1
    assert [day.rows["video_view"].to_pylist() for day in days] == [[5, 3]] * 7  # views are not touched
    assert all("device_mismatches" not in day.notes for day in days[1:-1])


def test_only_days_from_recent_on_are_forgiven() -> None:
    devices = device_report(plain_rows())
    move_a_view(devices["items"])
    first_two = (FIRST, FIRST + timedelta(days=1))
    assert read(view_report(plain_rows()), devices, recent=first_two[0])[0].notes == {"device_mismatches": 2}
    with pytest.raises(Incomplete):
        read(view_report(plain_rows()), devices, recent=first_two[1])


@settings(max_examples=60)
@given(some_rows(), DICE, st.sampled_from(["views", "devices"]))
def test_a_lost_row_is_noticed_though_the_totals_follow(
    rows: list[Row], draw: random.Random, of: str
) -> None:
    views, devices = view_report(rows), device_report(rows)
    items = (views if of == "views" else devices)["items"]
    weighty = [item for item in items if item["video_view"]]
    if not weighty:
        return
    items.remove(draw.choice(weighty))
    with pytest.raises(Incomplete):
        read(mended(views), mended(devices))


def test_the_vendors_limit_of_rows_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 21)
    with pytest.raises(Incomplete, match="at the vendor's limit of 21; ask for fewer days"):
        reports.views(encoded(view_report(plain_rows())), WEEK, WHERE)
    monkeypatch.setattr(reports, "MOST_ROWS", 22)
    assert len(reports.views(encoded(view_report(plain_rows())), WEEK, WHERE).day) == 21


# answers that are none

Spoil = Callable[[random.Random, bytes], bytes]
Touch = Callable[[random.Random, Json], object]


def cut(draw: random.Random, body: bytes) -> bytes:
    return body[: draw.randrange(len(body))]


def filled(what: bytes) -> Spoil:
    def spoil(draw: random.Random, body: bytes) -> bytes:
        place = draw.randrange(1, len(body))
        return body[:place] + what + body[place:]

    return spoil


def touched(change: Touch) -> Spoil:
    def spoil(draw: random.Random, body: bytes) -> bytes:
        answer = json.loads(body)
        change(draw, answer)
        return json.dumps(answer).encode()

    return spoil


def some(draw: random.Random, answer: Json) -> Row:
    row: Row = draw.choice(answer["items"])
    return row


def in_row(key: str, *values: Any) -> Spoil:
    return touched(lambda draw, answer: some(draw, answer).update({key: draw.choice(values)}))


def raw(key: str, *tokens: str) -> Spoil:
    """A token that no JSON writer would write."""

    def spoil(draw: random.Random, body: bytes) -> bytes:
        answer = json.loads(body)
        some(draw, answer)[key] = "@@"
        return json.dumps(answer).encode().replace(b'"@@"', draw.choice(tokens).encode())

    return spoil


def repeated(_draw: random.Random, answer: Json) -> None:
    answer["items"].append(answer["items"][0])
    answer.update(mended(answer))


def nested(draw: random.Random, _body: bytes) -> bytes:
    depth = draw.randrange(2_000, 60_000)
    return draw.choice([b"[" * depth, b'{"items":' * depth, b"[" * depth + b"]" * depth])


ODD: tuple[Any, ...] = ([], {}, [1], {"a": 1}, "7", "", True, "NaN", [[]])
PAGES = [
    b"<!DOCTYPE html><html>Ilse Canary: sign in</html>",
    b"<?xml version='1.0'?><error>Ilse Canary</error>",
    b"Ilse Canary", b"", b" ", b"null", b"true", b"0", b"[]", b'""', b"{}", b"[{}]", b"\x00", b"\xff\xfe{}",
]  # fmt: skip

SPOILED: dict[str, Spoil] = {
    "cut": cut,
    "another page": lambda draw, _body: draw.choice(PAGES),
    "twice": lambda _draw, body: body + body,
    "a tail": lambda _draw, body: body + b"Ilse Canary",
    "a mark of order": lambda _draw, body: b"\xef\xbb\xbf" + body,
    "utf-16": lambda _draw, body: body.decode().encode("utf-16"),
    "a NUL": filled(b"\x00"),
    "bad utf-8": lambda _draw, body: body.replace(b"Canary", b"Can\xffary").replace(b"desktop", b"\xc3\x28"),
    "half a surrogate": lambda _draw, body: body.replace(b"Ilse", b"\\ud800").replace(b"desktop", b"\\udfff"),
    "deep": nested,
    "wrapped": lambda _draw, body: b'{"data":' + body + b"}",
    "in a list": lambda _draw, body: b"[" + body + b"]",
    "no count": touched(lambda _draw, answer: answer.pop("item_count")),
    "no items": touched(lambda _draw, answer: answer.pop("items")),
    "items of another kind": touched(lambda draw, answer: answer.update(items=draw.choice((None, *ODD[1:])))),
    "a row of another kind": touched(
        lambda draw, answer: answer["items"].insert(draw.randrange(9), draw.choice((None, *ODD)))
    ),
    "a count of another kind": touched(
        lambda draw, answer: answer.update(item_count=draw.choice((None, *ODD, 3.5, 1e300)))
    ),
    "a wrong count": touched(
        lambda draw, answer: answer.update(item_count=draw.choice((-1, 0, 1, 20, 22, 10**6, 10**30, 10**400)))
    ),
    "a summary of another kind": touched(
        lambda draw, answer: answer.update(summary=draw.choice(([], [1], "x", 7, True)))
    ),
    "a wrong summary": touched(
        lambda draw, answer: answer["summary"].update(video_view=draw.choice((-1, 0, 1, 0.5, 10**15, 1e300)))
    ),
    "a summary beyond all numbers": touched(
        lambda draw, answer: answer["summary"].update(video_view=draw.choice((10**309, 10**400, -(10**400))))
    ),
    "a sum of another kind": touched(
        lambda draw, answer: answer["summary"].update(video_view=draw.choice(ODD))
    ),
    "no sums": touched(lambda _draw, answer: answer.update(summary=None)),
    "views of another kind": in_row("video_view", *ODD),
    "views that are none": in_row("video_view", -1, 0.5, 2**53 + 2, 10**30, 1e300, 10**400),
    "no such number": raw("video_view", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "01", "+1", ".5"),
    "an id of another kind": in_row("video", 7, 7.0, True, [], {}),
    "a day of another kind": in_row("date", None, 20260601, True, [], {}),
    "no day at all": in_row("date", "", CANARY, "2026-6-1", "2026-06-31", "01.06.2026", "2026-06-01T00:00Z"),
    "another day": in_row("date", "1999-12-31", "2026-05-31", "2026-06-08", "9999-12-31", "0001-01-01"),
    "a lost row": touched(lambda draw, answer: answer["items"].remove(some(draw, answer))),
    "a repeated row": touched(lambda draw, answer: answer["items"].append(some(draw, answer))),
    "a repeated row, counted": touched(repeated),
    "no views": touched(lambda draw, answer: some(draw, answer).pop("video_view")),
    "no video": touched(lambda draw, answer: some(draw, answer).pop("video")),
}  # fmt: skip
# Some changes leave a good answer: with these, `date` may be absent or null nowhere in a window of days.
VIEWS_ONLY: dict[str, Spoil] = {
    "a metric of another kind": in_row("video_engagement_50", *ODD),
    "a negative metric": in_row("video_percent_viewed", -0.5, -1),
    "no such metric": raw("video_engagement_1", "NaN", "1e999", "-1e999"),
    "half a second": in_row("video_seconds_viewed", 0.5, 2**54, -3),
    "no metric": touched(lambda draw, answer: some(draw, answer).pop("video_impression")),
    "a name of another kind": in_row("video_name", 7, [], {}, True),
    "no date": touched(lambda draw, answer: some(draw, answer).pop("date")),
}
DEVICES_ONLY: dict[str, Spoil] = {
    "a device of another kind": in_row("device_type", 7, [], {}, True),
    "no device": touched(lambda draw, answer: some(draw, answer).pop("device_type")),
}


def video_list() -> bytes:
    return encoded([{"id": str(number), "name": CANARY, "duration": 1000 * number} for number in range(1, 9)])


def page_of(change: Callable[[list[Any]], object]) -> Spoil:
    def spoil(_draw: random.Random, body: bytes) -> bytes:
        page = json.loads(body)
        change(page)
        return json.dumps(page).encode()

    return spoil


BARE = ("cut", "twice", "a tail", "a mark of order", "utf-16", "deep", "wrapped")
VIDEO_PAGES: dict[str, Spoil] = {
    **{name: SPOILED[name] for name in (*BARE, "in a list", "bad utf-8", "half a surrogate")},
    "an error": lambda _draw, _body: b'{"error_code": "TIMEOUT", "message": "Ilse Canary"}',
    "no id": page_of(lambda page: page[3].pop("id")),
    "an empty id": page_of(lambda page: page[3].update(id="")),
    "a null id": page_of(lambda page: page[3].update(id=None)),
    "a number as id": page_of(lambda page: page[3].update(id=12)),
    "a null video": page_of(lambda page: page.append(None)),
    "a text among videos": page_of(lambda page: page.append(CANARY)),
    "not a number": lambda _draw, body: body.replace(b"2000", b"NaN"),
    "beyond numbers": lambda _draw, body: body.replace(b"2000", b"1e999"),
}
SMALL: dict[str, tuple[Callable[[bytes], object], bytes, list[str]]] = {
    "count": (decoder(Count), b'{"count": 12}', ["null", '"12"', "1.5", "true", "[]", "NaN", "1e999", "{}"]),
    "token": (
        decoder(Token),
        b'{"access_token": "Ilse Canary", "expires_in": 12}',
        ["null", '"x"', "true", "[]", "NaN", "1e999", "1" + "0" * 400],
    ),
    "fields": (
        decoder(VideoFields),
        b'{"custom_fields": [{"id": "Ilse Canary"}], "x": 12}',
        ["NaN", "Infinity", "-"],
    ),
}


def refused(decode: Callable[[bytes], object], body: bytes, name: str) -> None:
    with pytest.raises((ValueError, Incomplete)) as caught:
        decode(body)
    assert type(caught.value) in {ValueError, Incomplete}, name
    assert not set(CANARY.split()) & set(str(caught.value).replace("'", " ").split()), name


def views_of(body: bytes) -> object:
    return reports.views(body, WEEK, WHERE)


def devices_of(body: bytes) -> object:
    return reports.devices(body, WEEK, WHERE)


@pytest.mark.parametrize("name", SPOILED | VIEWS_ONLY)
def test_spoiled_views_are_refused(name: str) -> None:
    body, spoil = encoded(view_report(plain_rows())), (SPOILED | VIEWS_ONLY)[name]
    for seed in range(25):
        refused(views_of, spoil(random.Random(seed), body), f"{name} {seed}")


@pytest.mark.parametrize("name", SPOILED | DEVICES_ONLY)
def test_spoiled_devices_are_refused(name: str) -> None:
    body, spoil = encoded(device_report(plain_rows())), (SPOILED | DEVICES_ONLY)[name]
    for seed in range(25):
        refused(devices_of, spoil(random.Random(seed), body), f"{name} {seed}")


@pytest.mark.parametrize("name", VIDEO_PAGES)
def test_spoiled_pages_of_videos_are_refused(name: str) -> None:
    for seed in range(10):
        refused(_video_page, VIDEO_PAGES[name](random.Random(seed), video_list()), name)


@pytest.mark.parametrize("name", SMALL)
def test_spoiled_small_answers_are_refused(name: str) -> None:
    decode, body, values = SMALL[name]
    assert decode(body)
    for value in values:
        refused(decode, body.replace(b"12", value.encode()), value)
    for bare in BARE:
        for seed in range(5):
            refused(decode, SPOILED[bare](random.Random(seed), body), bare)
    for page in PAGES:
        refused(decode, page, repr(page))


@pytest.mark.parametrize("name", KINDS)
def test_the_sandboxs_own_kinds_are_refused(name: str) -> None:
    refused(views_of, KINDS[name](encoded(view_report(plain_rows()))), name)
    refused(devices_of, KINDS[name](encoded(device_report(plain_rows()))), name)


def test_every_byte_counts() -> None:
    """Cut at each place; and one byte replaced: refused, or no number is other than it was."""
    body = encoded(view_report(plain_rows()[:2]))
    whole = reports.views(body, WEEK, WHERE)
    for place in range(len(body)):
        refused(views_of, body[:place], f"cut at {place}")
    for place in range(len(body)):
        try:
            read_anyway = reports.views(body[:place] + b"9" + body[place + 1 :], WEEK, WHERE)
        except (ValueError, Incomplete):
            continue
        for metric in METRICS:
            assert read_anyway.metrics[metric].tolist() == whole.metrics[metric].tolist(), place
