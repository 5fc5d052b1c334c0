"""A course's folders and sessions as the site lists them now: every folder once, every page, nothing guessed.

What was there before and is not listed any more is asked for by its id before it is believed to be gone:
some sites answer `/children` with nothing though sessions below are theirs, and a page can miss what moves
while it is read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from video_analytics.errors import Malformed, Refused
from video_analytics.panopto.rest import Folder, Rest, Video

Found = TypeVar("Found")
DENIED, LISTED = "denied", "listed"
GONE = {404, 410}  # HTTP: does not exist (any more)
FORBIDDEN = 403
MOST_FOLDERS = 5_000  # of one course


@dataclass(frozen=True)
class Place:
    """A folder of a course; `path` joins the names from the course's own folder down."""

    id: str
    name: str
    parent_id: str | None
    path: str
    state: str = LISTED


@dataclass
class Tree:
    """A course: its folders in walking order, its sessions folder by folder."""

    course_id: str
    name: str
    folders: dict[str, Place] = field(default_factory=dict)
    sessions: dict[str, Video] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)  # ids that only a question by id brought to light

    @property
    def denied(self) -> list[Place]:
        """The folders that may not be seen."""
        return [place for place in self.folders.values() if place.state == DENIED]


def walk(
    rest: Rest, course_id: str, known_folders: Iterable[Place] = (), known_sessions: Iterable[str] = ()
) -> Tree:
    """The course as it is now; `known_*` were there when it was last walked, in walking order.

    Raises:
        Refused: the course's own folder does not exist or may not be seen.
    """
    tree = Tree(course_id, "")
    _visit(rest, tree, Folder(course_id), None)
    for place in known_folders:
        _look_for_folder(rest, tree, place)
    for session_id in known_sessions:
        _look_for_session(rest, tree, session_id)
    return tree


def _visit(rest: Rest, tree: Tree, folder: Folder, parent: Place | None) -> None:
    """A folder and all below it. The stack is our own: a tree may be deeper than Python's."""
    stack: list[tuple[Folder, Place | None]] = [(folder, parent)]
    while stack:
        here, above = stack.pop()
        if here.Id in tree.folders:  # a circle, or listed twice
            continue
        if len(tree.folders) >= MOST_FOLDERS:
            raise Malformed(
                f"Panopto course {tree.course_id}: over {MOST_FOLDERS:,} folders and no end in sight; "
                "list smaller folders in courses.csv"
            )
        try:
            children, sessions = rest.children(here.Id), rest.sessions(here.Id)
        except Refused as error:
            if above is None or error.status not in {FORBIDDEN, *GONE}:
                raise
            if error.status in GONE:  # since its parent was asked
                continue
            tree.folders[here.Id] = _place(here, above, here.Name or here.Id, DENIED)
            continue
        name = here.Name or _name_from(here.Id, children, sessions) or rest.folder(here.Id).Name or here.Id
        place = tree.folders[here.Id] = _place(here, above, name, LISTED)
        tree.name = tree.name or name
        tree.sessions |= {video.Id: video for video in sessions if video.Id not in tree.sessions}
        stack.extend((child, place) for child in reversed(children))


def _place(folder: Folder, above: Place | None, name: str, state: str) -> Place:
    path = f"{above.path} / {name}" if above else name
    return Place(folder.Id, name, above.id if above else None, path, state)


def _name_from(folder_id: str, children: Iterable[Folder], sessions: Iterable[Video]) -> str | None:
    """A folder's name as what lies in it tells: that saves a question."""
    told = [child.ParentFolder for child in children] + [video.FolderDetails for video in sessions]
    own = (reference for reference in told if reference and reference.Id.lower() == folder_id)
    return next((reference.Name for reference in own if reference.Name), None)


def _look_for_folder(rest: Rest, tree: Tree, known: Place) -> None:
    """A folder that was there: still below the course though not listed, behind a shut door, or gone."""
    if known.id in tree.folders:
        return
    door = tree.folders.get(known.parent_id or "")
    if door and door.state == DENIED:  # nobody knows what became of it
        path = f"{door.path} / {known.name}"
        tree.folders[known.id] = replace(known, path=path, state=DENIED)
        return
    try:
        folder = rest.folder(known.id)
    except Refused as error:
        if error.status == FORBIDDEN:  # nobody knows whether it is still here: what is known of it stays
            tree.folders[known.id] = replace(known, state=DENIED)
        elif error.status not in GONE:
            raise
        return
    above = folder.ParentFolder and tree.folders.get(folder.ParentFolder.Id.lower())
    if above and above.state == LISTED:
        tree.unlisted.append(known.id)
        _visit(rest, tree, folder, above)


def _look_for_session(rest: Rest, tree: Tree, session_id: str) -> None:
    if session_id in tree.sessions:
        return
    video = _by_id(rest.video, session_id)
    if video and (place := tree.folders.get(video.Folder.lower())) and place.state == LISTED:
        tree.unlisted.append(session_id)
        tree.sessions[session_id] = video


def _by_id(ask: Callable[[str], Found], wanted: str) -> Found | None:
    """What an id stands for; None where it is gone or may not be seen."""
    try:
        return ask(wanted)
    except Refused as error:
        if error.status in GONE or error.status == FORBIDDEN:
            return None
        raise
