"""Which days and years of a course came from an import and have not been read from the vendor since.

    {lake}/panopto/imported/{course}.json    ISO days and years

They are written down before the partitions themselves and struck out after a reading, so that a crash in
between has a day read once more, never once less. The footer of a partition tells whose rows in it are
still the imported ones (`imported`, ids of sessions): the vendor may not have them any more.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from video_analytics.decoding import decoder
from video_analytics.errors import LakeError
from video_analytics.files import write_bytes
from video_analytics.lake import Lake

FOLDER = "panopto/imported"
_PARTS = decoder(list[str])


def days(lake: Lake, course_id: str) -> set[date]:
    """The days that are to be read again."""
    return {date.fromisoformat(part) for part in _held(lake, course_id) if "-" in part}


def years(lake: Lake, course_id: str) -> set[int]:
    """The years that are to be read again."""
    return {int(part) for part in _held(lake, course_id) if "-" not in part}


def note(lake: Lake, course_id: str, parts: Iterable[str]) -> None:
    """These are being imported."""
    held = _held(lake, course_id)
    _keep(lake, course_id, held, held | set(parts))


def strike(lake: Lake, course_id: str, parts: Iterable[date | int]) -> None:
    """These have been read."""
    held = _held(lake, course_id)
    _keep(lake, course_id, held, held - {str(part) for part in parts})


def _keep(lake: Lake, course_id: str, before: set[str], parts: set[str]) -> None:
    path = lake.root / FOLDER / f"{course_id}.json"
    if not parts:
        path.unlink(missing_ok=True)
    elif parts != before:
        write_bytes(path, msgspec.json.encode(sorted(parts)))


def _held(lake: Lake, course_id: str) -> set[str]:
    path = lake.root / FOLDER / f"{course_id}.json"
    try:
        return set(_PARTS(path.read_bytes()))
    except FileNotFoundError:
        return set()
    except ValueError as error:
        mend = "remove it, and have the course read again with `run --from`"
        raise LakeError(f"{path}: expected a list of days and years ({error}); {mend}") from None
