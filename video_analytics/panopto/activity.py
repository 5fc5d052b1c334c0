"""Viewing records as rows of the lake: numbered, sorted, split into days and years, merged with what is held.

Pure but for the lake. A partition's rows of the sessions that were asked are replaced; those of all others
(not asked now, forbidden, gone from the course) stay as they are.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from video_analytics import corrections
from video_analytics.clock import now
from video_analytics.corrections import Version
from video_analytics.errors import SettingsError
from video_analytics.files import write_bytes
from video_analytics.lake import Lake, Table
from video_analytics.panopto.tables import CORRECTIONS, VIEWING_ACTIVITY, VIEWING_HISTORY
from video_analytics.panopto.usage import Record
from video_analytics.settings import Panopto

_SCHEMA = VIEWING_ACTIVITY.schema
_ORDER = ("session_id", "time", "user_id", "start_position", "seconds_viewed")
_ORDER_OF_TWINS = ("playback_speed", "start_reason", "stop_reason", "occurrence")
_SORTED = [(name, "ascending") for name in (*_ORDER, *_ORDER_OF_TWINS)]
RAW = "as sent"
IDENTITIES = "panopto/identities.txt"


@dataclass(frozen=True)
class Identities:
    """How viewers are called in the lake: by the vendor's ids, or by an HMAC-SHA256 of them."""

    key: bytes | None = None
    anonymous: frozenset[str] = field(default_factory=frozenset)  # stand for nobody; they stay as they are

    @classmethod
    def of(cls, settings: Panopto) -> "Identities":
        """As the settings say."""
        secret = settings.pseudonym_key if settings.pseudonymise else None
        key = secret.get_secret_value().encode() if secret else None
        return cls(key, frozenset(settings.anonymous_ids))

    def shown(self, user_id: str) -> str:
        """A viewer's id as it is stored."""
        if self.key is None or user_id in self.anonymous:
            return user_id
        return hmac.new(self.key, user_id.encode(), hashlib.sha256).hexdigest()

    def names_of_nobody(self) -> frozenset[str]:
        """All that anonymous ids may be called: as they are, and as they were before they were listed."""
        hidden = Identities(self.key)
        return self.anonymous | {hidden.shown(user_id) for user_id in self.anonymous}

    @property
    def mark(self) -> str:
        """What is written beside the rows, so that two ways of calling viewers never mix."""
        if self.key is None:
            return RAW
        return "hmac-sha256 " + hmac.new(self.key, b"this key", hashlib.sha256).hexdigest()[:16]


def rows(course_id: str, records: Iterable[Record], identities: Identities) -> pa.Table:
    """Records as sorted rows; equal ones are numbered from 0."""
    names = {name: identities.shown(name) for name in {record.user_id for record in records}}
    seen: dict[Record, int] = {}
    columns: dict[str, list[Any]] = {name: [] for name in _SCHEMA.names}
    for record in records:
        occurrence = seen[record] = seen.get(record, -1) + 1
        columns["course_id"].append(course_id)
        columns["session_id"].append(record.session_id)
        columns["user_id"].append(names[record.user_id])
        columns["date"].append(record.time.date())
        columns["time"].append(record.time)
        columns["playback_speed"].append(record.playback_speed)
        columns["start_position"].append(record.start_position)
        columns["start_reason"].append(record.start_reason)
        columns["stop_reason"].append(record.stop_reason)
        columns["seconds_viewed"].append(record.seconds_viewed)
        columns["occurrence"].append(occurrence)
    return pa.table(columns, schema=_SCHEMA).sort_by(_SORTED)


def by_day(table: pa.Table) -> dict[date, pa.Table]:
    """The rows of each day that has some."""
    return {day: table.filter(pc.equal(table["date"], day)) for day in pc.unique(table["date"]).to_pylist()}


def by_year(table: pa.Table) -> dict[int, pa.Table]:
    """The rows of each year that has some."""
    years = pc.year(table["date"])
    return {year: table.filter(pc.equal(years, year)) for year in pc.unique(years).to_pylist()}


def settle(lake: Lake, identities: Identities, *, dry_run: bool = False) -> None:
    """Viewers are called one way in the whole lake: as they were when its first record was written."""
    path = lake.root / IDENTITIES
    if path.exists():
        _check(path.read_text(encoding="utf-8"), identities, "the lake")
        return
    for table in (VIEWING_ACTIVITY, VIEWING_HISTORY):
        for file in (lake.root / table.name).glob("*/**/*.parquet"):
            key = str(file.relative_to(lake.root / table.name).with_suffix("")).replace("\\", "/")
            _check((lake.facts(table, key) or {}).get("identities", ""), identities, f"{table.name}/{key}")
            break
    if not dry_run:
        write_bytes(path, identities.mark.encode())


def _check(mark: str, identities: Identities, where: str) -> None:
    if mark != identities.mark:
        raise SettingsError(
            f"settings: panopto.pseudonymise: {where} has viewers named {mark!r}, the settings say "
            f"{identities.mark!r}; go back to the former setting and key, or move the lake's folder panopto "
            "away and let it be filled again"
        )


@dataclass(frozen=True)
class Asked:
    """What is known of a partition after asking: whose rows are new, and whose could not be had."""

    sessions: frozenset[str]
    denied: Mapping[str, str]  # session id: why; the partition is whole all the same, and says so
    lacking: Mapping[str, str]  # session id: why; the partition is not whole


def put(
    lake: Lake,
    table: Table,
    key: str,
    fresh: pa.Table,
    asked: Asked,
    identities: Identities,
) -> dict[str, Any]:
    """Merge fresh rows of the asked sessions into a partition; gives its facts.

    Imported rows make way for fresh ones of their session; where the vendor has none, they stay.
    """
    held, before = lake.read(table, key), lake.facts(table, key) or {}
    if before:
        _check(before["identities"], identities, f"{table.name}/{key}")
    # of a session without fresh rows the vendor has nothing any more of what was imported
    told = asked.sessions - _imported(before, fresh)
    if held is not None:
        fresh = pa.concat_tables([without(held, told), fresh])
    rows = fresh.sort_by(_SORTED)
    left = sorted(set(before.get("imported", ())) - told)
    facts = {
        **({"imported": left, "source": before["source"]} if left else {}),
        "identities": identities.mark,
        "denied": sorted({*asked.denied, *(set(before.get("denied", ())) - asked.sessions)}),
        "lacking": dict(sorted(asked.lacking.items())),
        "seconds": _seconds(rows),
    }
    digest = lake.digest(table, rows, facts)
    if held is not None and table == VIEWING_ACTIVITY and not held.equals(rows):
        _note(lake, key, _version(held, before["digest"]), _version(rows, digest))
    reason = " · ".join(dict.fromkeys(asked.lacking.values())) or None
    changed = lake.write(table, key, rows, facts, digest, failure=reason)
    return {
        "rows": rows.num_rows,
        "seconds": facts["seconds"],
        "changed": int(changed),
        "denied_sessions": len(facts["denied"]),
        "lacking_sessions": len(asked.lacking),
    }


def _imported(facts: Mapping[str, Any], fresh: pa.Table) -> set[str]:
    """The sessions whose rows in a partition were imported, and that have no fresh ones."""
    return set(facts.get("imported", ())) - set(pc.unique(fresh["session_id"]).to_pylist())


def _note(lake: Lake, key: str, before: Version, after: Version) -> None:
    course_id, _, day = key.split("/")
    corrections.note(lake, CORRECTIONS, course_id, date.fromisoformat(day), before, after, now())


def _version(rows: pa.Table, digest: str) -> Version:
    return Version(digest, None, rows.num_rows, None, _seconds(rows))


def _seconds(rows: pa.Table) -> float:
    return float(pc.sum(rows["seconds_viewed"]).as_py() or 0)


def without(table: pa.Table, sessions: Iterable[str]) -> pa.Table:
    """The rows of all other sessions."""
    names = pa.array(sorted(sessions), pa.string())
    return table.filter(pc.invert(pc.is_in(table["session_id"], value_set=names)))


def minutes_by_day(lake: Lake, course_id: str, days: Sequence[date]) -> dict[tuple[str, date], float]:
    """Minutes viewed by session and day, of the days that are held."""
    found: dict[tuple[str, date], float] = {}
    for path in lake.day_files(VIEWING_ACTIVITY, [course_id], days[0], days[-1]) if days else ():
        held = lake.read(VIEWING_ACTIVITY, f"{course_id}/{path.parent.name}/{path.stem}")
        if held is not None:
            found |= minutes(held)
    return found


def minutes(table: pa.Table) -> dict[tuple[str, date], float]:
    """Minutes viewed by session and day."""
    sums = table.group_by(["session_id", "date"]).aggregate([("seconds_viewed", "sum")]).to_pydict()
    keys = zip(sums["session_id"], sums["date"], strict=True)
    return {key: seconds / 60 for key, seconds in zip(keys, sums["seconds_viewed_sum"], strict=True)}
