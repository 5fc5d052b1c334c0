"""Folders, sessions and viewers as the REST API shows them, short in lists and whole one by one."""

from typing import Any, Final

import numpy as np

from video_analytics.sandbox.panopto.tree import ZERO_GUID, Session, Snapshot, guid
from video_analytics.sandbox.panopto.viewing import NOBODY, Records
from video_analytics.sandbox.panopto.world import PanoptoWorld, start_text, wall_clock

Json = dict[str, Any]
_SESSION_URLS: Final = (
    "EmbedUrl", "ShareSettingsUrl", "DownloadUrl", "AudioDescriptionDownloadUrl", "CaptionDownloadUrl",
    "EditorUrl", "ThumbnailUrl",
)  # fmt: skip
_WHOLE_URLS: Final = {
    "EmbedUrl": "Pages/Embed.aspx?id={}",
    "EditorUrl": "Pages/Viewer.aspx?id={}&edit=true",
    "ThumbnailUrl": "Services/FrameGrabber.svc/FrameRedirect?objectId={}&mode=Delivery",
}
_SEGMENTS: Final = 100  # a segment counts once a second of it was watched


def folder_shape(tree: Snapshot, key: str, root: str) -> Json:
    """A folder; `root` is the address of the site."""
    parent = tree.parents[key]
    return {
        "Id": key,
        "Name": tree.names[key],
        "Description": None,
        "ParentFolder": {"Id": parent, "Name": tree.names[parent]} if parent else None,
        "Urls": {
            "FolderUrl": f"{root}/Pages/Sessions/List.aspx?folderID={key}",
            "EmbedUrl": f"{root}/Pages/Sessions/EmbeddedList.aspx?folderID={key}",
            "ShareSettingsUrl": None,
        },
    }


def session_shape(world: PanoptoWorld, tree: Snapshot, key: str, root: str, *, whole: bool) -> Json:
    """A session; lists leave out who made it and most of its addresses."""
    session, folder = tree.sessions[key], tree.folder_of[key]
    urls: Json = {"ViewerUrl": f"{root}/Pages/Viewer.aspx?id={key}"} | dict.fromkeys(_SESSION_URLS)
    creator: Json = {"Id": ZERO_GUID, "Username": None}
    if whole:
        urls |= {name: f"{root}/{path.format(key)}" for name, path in _WHOLE_URLS.items()}
        creator = {"Id": guid(world.seed, "creator", session.index % 7), "Username": "unified\\lecturer"}
    return {
        "Id": key,
        "Name": session.name,
        "Description": session.description,
        "StartTime": start_text(session),
        "Duration": session.duration.at(tree.time),
        "MostRecentViewPosition": 0.0,
        "CreatedBy": creator,
        "Urls": urls,
        "Folder": folder,
        "FolderDetails": {"Id": folder, "Name": tree.names[folder]},
        "Context": None,
        "PercentCompleted": None,
    }


def viewers(world: PanoptoWorld, session: Session, records: Records, duration: float | None) -> list[Json]:
    """Who watched how much of a session, whoever is not signed in left out."""
    found = []
    for user in sorted(set(records["user"].tolist()) - {NOBODY}):
        mine = records[records["user"] == user]
        ends = mine["position"] + mine["seconds"]
        found.append(
            {
                "User": {"Id": world.user_id(user), "Username": f"unified\\s{user}"},
                "PercentCompleted": _percent(mine, duration or session.length),
                "LastViewedDateTime": wall_clock(int(mine["time"].max())),
                "MostRecentViewPositionInSeconds": float(ends[np.argmax(mine["time"])]),
            }
        )
    return found


def _percent(records: Records, length: float) -> float:
    """Percent completed the vendor's way: a hundred equal segments, each one seen or not."""
    seen: set[int] = set()
    for position, seconds in zip(records["position"].tolist(), records["seconds"].tolist(), strict=True):
        if seconds >= 1:
            first = max(int(position / length * _SEGMENTS), 0)
            last = min(int((position + seconds) / length * _SEGMENTS), _SEGMENTS - 1)
            seen.update(range(first, last + 1))
    return float(len(seen))
