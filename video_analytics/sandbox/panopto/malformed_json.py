"""REST answers that are not what the contract describes, as a table: kind -> how to spoil a good body.

Kinds that say the same share their names with those of the other vendor. A kind that finds nothing to spoil
in an answer leaves it as it is.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from video_analytics.sandbox.malformed import KINDS, Spoiler

Json = Any
ANOTHER_ID: Final = "0badf00d-0000-4000-8000-0000000000ff"
_AS_EVERYWHERE: Final = ("cut", "html", "empty", "null", "gzip_cut", "nul", "utf8", "deep", "list", "object")


def _changed(change: Callable[[Json], Json]) -> Spoiler:
    return lambda body: json.dumps(change(json.loads(body))).encode()


def _first_row(change: Callable[[dict[str, Json]], object]) -> Spoiler:
    """A spoiler of the first row of a list, or of a single object."""

    def spoil(body: bytes) -> bytes:
        answer = json.loads(body)
        rows = answer.get("Results", [answer]) if isinstance(answer, dict) else []
        for row in rows[:1]:
            change(row)
        return json.dumps(answer).encode() if rows else body

    return spoil


def _number(row: dict[str, Json], value: Json) -> None:
    row["Duration" if "Duration" in row else "Name"] = value


def _literal(text: str) -> Spoiler:
    """Put a token that json.dumps would not write in place of a number."""
    marked = _first_row(lambda row: _number(row, "@@"))
    return lambda body: marked(body).replace(b'"@@"', text.encode())


def _rows(change: Callable[[list[Json]], Json]) -> Spoiler:
    """A spoiler of the list itself."""

    def spoil(body: bytes) -> bytes:
        answer = json.loads(body)
        if not isinstance(answer, dict) or "Results" not in answer:
            return body
        return json.dumps({**answer, "Results": change(answer["Results"])}).encode()

    return spoil


def _without_results(answer: Json) -> Json:
    return {} if isinstance(answer, dict) and "Results" in answer else answer


def _elsewhere(row: dict[str, Json]) -> None:
    if "Folder" in row:
        row["Folder"], row["FolderDetails"] = ANOTHER_ID, {"Id": ANOTHER_ID, "Name": "Elsewhere"}


def _own_parent(row: dict[str, Json]) -> None:
    """A folder among its own children."""
    parent = row.get("ParentFolder")
    if parent:
        row["Id"], row["Name"] = parent["Id"], parent["Name"]


def _pop(name: str) -> Callable[[dict[str, Json]], object]:
    return lambda row: row.pop(name, None)


def _put(name: str, value: Json) -> Callable[[dict[str, Json]], object]:
    return lambda row: row.update({name: value}) if name in row else None


REST_KINDS: Final[dict[str, Spoiler]] = {
    **{name: KINDS[name] for name in _AS_EVERYWHERE},
    "nan": _literal("NaN"),
    "infinity": _literal("1e999"),
    "huge": _literal("1" + "0" * 400),
    "negative": _first_row(lambda row: _number(row, -5)),
    "wrong_type": _first_row(lambda row: _number(row, ["long"])),
    "number_id": _first_row(_put("Id", 7)),
    "duplicate": _rows(lambda rows: rows + rows[:1]),
    "null_results": _rows(lambda _rows: None),
    "results_object": _rows(lambda rows: {"0": rows}),
    "no_results": _changed(_without_results),
    "null_row": _rows(lambda rows: [None, *rows]),
    "no_id": _first_row(_pop("Id")),
    "null_id": _first_row(_put("Id", None)),
    "bad_id": _first_row(_put("Id", "../not-a-guid")),
    "bad_start": _first_row(_put("StartTime", "yesterday")),
    "null_details": _first_row(_put("FolderDetails", None)),
    "other_folder": _first_row(_elsewhere),
    "cycle": _first_row(_own_parent),
}
