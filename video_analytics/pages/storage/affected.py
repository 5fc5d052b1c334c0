"""Whom a plan affects: the folders and the creators with most hours archived or deleted, for every window.

The page shows the first MOST of a scenario, a bucket and a window, wherever the slider stands. It therefore
gets all sums of every folder that is among them once, how many there are in all, and nothing of the others.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from video_analytics.lake import quoted
from video_analytics.pages.storage.data import BITS, RECENT, Json, longest_window
from video_analytics.panopto.retention.held import NONE, Held
from video_analytics.panopto.retention.measures import creator_label, number_creators
from video_analytics.panopto.retention.scenarios import ARCHIVED, DELETED, STORED

Sums = npt.NDArray[np.int64]

MOST = 10  # of a bucket
LOST = (ARCHIVED, DELETED)
_STORED, _ARCHIVED, _NOW = (1 << BITS.index(name) for name in ("stored", "archived", "archived_now"))


def folders(held: Held) -> Json:
    """Folders without their subfolders, after `classify`; names as the setting of creators' names allows."""
    held.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE owners AS
        WITH summed AS (
            SELECT places, array_to_string(places, ' / ') AS path, sum(hours_us) AS hours_us,
                   len(places) > 1 AND {_personal(held)} AS personal
            FROM classed GROUP BY places
        ), numbered AS (
            SELECT *, row_number() OVER (PARTITION BY personal ORDER BY hours_us DESC, path) AS number
            FROM summed
        )
        SELECT row_number() OVER (ORDER BY path) - 1 AS owner, places,
               CASE WHEN personal THEN places[1] || ' / personal folder ' || number ELSE path END AS label
        FROM numbered""")
    return _affected(held, "places")


def creators(held: Held) -> Json:
    """Creators, after `classify`: by name only if the setting says so, else by their number."""
    number_creators(held)
    held.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE owners AS
        SELECT row_number() OVER (ORDER BY number NULLS LAST) - 1 AS owner, creator_key,
               coalesce({creator_label(held)}, {quoted(NONE)}) AS label
        FROM (SELECT DISTINCT creator_key FROM classed) LEFT JOIN creators USING (creator_key)""")
    return _affected(held, "creator_key")


def _personal(held: Held) -> str:
    """Whether a folder is one of a person, whose name it bears, and creators must not be named."""
    roots = held.retention.user_root_folders
    if held.retention.creator_names or not roots:
        return "false"
    return f"places[1] IN ({', '.join(map(quoted, roots))})"


def _affected(held: Held, key: str) -> Json:
    """names; rows [name, kind, since, microseconds, sessions, views]; count by scenario, bucket, window."""
    rows = held.connection.execute(f"""
        SELECT owner, kind, since, sum(hours_us)::BIGINT, sum(sessions)::BIGINT, sum(views)::BIGINT
        FROM classed JOIN owners ON owners.{key} IS NOT DISTINCT FROM classed.{key}
        GROUP BY ALL ORDER BY ALL""").fetchall()
    labels = [
        label for (label,) in held.connection.execute("SELECT label FROM owners ORDER BY owner").fetchall()
    ]
    sums = np.array(rows, dtype=np.int64).reshape(-1, 6)
    codes = [
        codes for (codes,) in held.connection.execute("SELECT codes FROM classes ORDER BY kind").fetchall()
    ]
    longest = longest_window(held)
    reached = [
        {bucket: _reached(sums, _within(codes, number, bucket), len(labels), longest) for bucket in LOST}
        for number in range(len(held.retention.scenarios))
    ]
    shown = sorted({owner for each in reached for _, foremost in each.values() for owner in foremost})
    names = {owner: name for name, owner in enumerate(shown)}
    return {
        "names": [labels[owner] for owner in shown],
        "rows": [[names[owner], *row] for owner, *row in rows if owner in names],
        "count": [{bucket: counts for bucket, (counts, _) in each.items()} for each in reached],
    }


def _within(codes: Sequence[Sequence[int]], scenario: int, bucket: str) -> Sums:
    """Whether a kind is in the bucket: before it is recent, and while it is."""
    states = [(each[scenario] % RECENT, each[scenario] // RECENT) for each in codes]
    return np.array([[bucket_of_state(state) == bucket for state in pair] for pair in states], dtype=np.int64)


def _reached(sums: Sums, within: Sums, owners: int, longest: int) -> tuple[list[int], set[int]]:
    """How many owners a bucket reaches, for each window, and those that are ever among the first MOST."""
    owner, kind, since, hours_us, sessions, _ = sums.T
    lost, many = np.zeros(owners, np.int64), np.zeros(owners, np.int64)
    old, recent = within.reshape(-1, 2)[kind].T
    np.add.at(lost, owner, hours_us * old)
    np.add.at(many, owner, sessions * old)
    counts, foremost = [], set()
    for months in range(1, longest + 1):
        now = since == months
        change = (recent - old)[now]
        np.add.at(lost, owner[now], hours_us[now] * change)
        np.add.at(many, owner[now], sessions[now] * change)
        (some,) = many.nonzero()
        counts.append(len(some))
        foremost.update(_first(some, lost[some]))
    return counts, foremost


def _first(owners: Sums, lost: Sums) -> list[int]:
    """The owners with most, those that come first among equals."""
    least = np.partition(lost, -MOST)[-MOST] if len(lost) > MOST else 0
    near = lost >= least
    chosen = np.lexsort((owners[near], -lost[near]))[:MOST]
    first: list[int] = owners[near][chosen].tolist()
    return first


def bucket_of_state(state: int) -> str:
    """The bucket of a state, as `bucket_of` gives it of a session."""
    if state & _ARCHIVED or (state & _STORED and state & _NOW):
        return ARCHIVED
    return STORED if state & _STORED else DELETED
