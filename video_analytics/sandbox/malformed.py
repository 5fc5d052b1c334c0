"""Answers that are not what the contract describes, as a table: kind -> how to spoil a good body.

Each is sent with status 200, so that only a look at the body can tell.
"""

import gzip
import json
from collections.abc import Callable
from typing import Any, Final

Json = Any
Spoiler = Callable[[bytes], bytes]
_HUGE = "1" + "0" * 400


def _rows(answer: Json) -> list[Json]:
    if isinstance(answer, dict):
        rows = answer.get("items", [])
        return rows if isinstance(rows, list) else []
    return answer if isinstance(answer, list) else []


def _rewritten(change: Callable[[Json], Json]) -> Callable[[bytes], bytes]:
    """A spoiler that works on the decoded answer."""

    def spoil(body: bytes) -> bytes:
        return json.dumps(change(json.loads(body))).encode()

    return spoil


def _each_row(change: Callable[[Json], object]) -> Callable[[bytes], bytes]:
    """A spoiler of the first row only; an answer without rows gets one bad row."""

    def spoil(answer: Json) -> Json:
        if isinstance(answer, dict) and "count" in answer:  # counts/videos has no rows: spoil the count
            row = {"video_view": answer["count"]}
            change(row)
            return {"count": row["video_view"]}
        rows = _rows(answer)
        if not rows and isinstance(answer, dict):
            rows = answer["items"] = [{"video": "1", "date": "2020-01-01", "video_view": 1}]
        for row in rows[:1]:
            change(row)
        return answer

    return _rewritten(spoil)


def _key(name: str, value: Callable[[Json], Json]) -> Callable[[bytes], bytes]:
    """A spoiler of one key of the envelope; a bare list is wrapped into an object instead."""

    def spoil(answer: Json) -> Json:
        return {**answer, name: value(answer.get(name))} if isinstance(answer, dict) else {name: answer}

    return _rewritten(spoil)


def _without(name: str) -> Callable[[bytes], bytes]:
    def spoil(answer: Json) -> Json:
        return {k: v for k, v in answer.items() if k != name} if isinstance(answer, dict) else {"x": answer}

    return _rewritten(spoil)


def _count(row: Json, value: Json) -> None:
    row["video_view" if "video_view" in row else "duration"] = value


def _number_id(row: Json) -> None:
    key = "video" if "video" in row else "id"
    text = str(row.get(key))
    row[key] = int(text) if text.isdecimal() else 7


def _literal(text: str) -> Callable[[bytes], bytes]:
    """Put a token that json.dumps would not write in place of a count."""
    marked = _each_row(lambda row: _count(row, "@@"))

    def spoil(body: bytes) -> bytes:
        return marked(body).replace(b'"@@"', text.encode()) if _has_rows(body) else text.encode()

    return spoil


def _has_rows(body: bytes) -> bool:
    answer = json.loads(body)
    return isinstance(answer, dict) or bool(_rows(answer))


def _duplicate(answer: Json) -> Json:
    rows = _rows(answer)
    rows.extend(rows[:1] or [{"video": "1"}, {"video": "1"}])
    return answer


def gzip_cut(body: bytes) -> bytes:
    """Half of a gzip file."""
    packed = gzip.compress(body, 1)
    return packed[: max(12, len(packed) // 2)]


KINDS: Final[dict[str, Spoiler]] = {
    "cut": lambda body: body[: max(1, len(body) * 2 // 3)],
    "html": lambda _body: b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>",
    "empty": lambda _body: b"",
    "null": lambda _body: b"null",
    "nan": _literal("NaN"),
    "wrong_type": _each_row(lambda row: _count(row, "many")),
    "number_id": _each_row(_number_id),
    "infinity": _literal("1e999"),
    "huge": _literal(_HUGE),
    "no_item_count": _without("item_count"),
    "no_items": _without("items"),
    "count_big": _key("item_count", lambda count: (count or 0) + 3),
    "count_small": _key("item_count", lambda count: (count or 0) - 1),
    "duplicate": _rewritten(_duplicate),
    "other_day": _each_row(lambda row: row.update(date="1999-12-31")),
    "negative": _each_row(lambda row: _count(row, -5)),
    "gzip_cut": gzip_cut,
    "nul": lambda body: body[:5] + b"\x00" * 8 + body[5:],
    "utf8": lambda body: body[: len(body) // 2] + b"\xff\xfe\xc3" + body[len(body) // 2 :],
    "deep": lambda _body: b"[" * 100_000 + b"]" * 100_000,
    "list": lambda body: b"[" + body + b"]" if body[:1] == b"{" else b"[[" + body + b"]]",
    "object": lambda body: b'{"data":' + body + b"}",
}
