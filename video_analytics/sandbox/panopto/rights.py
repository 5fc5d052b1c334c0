"""Where the service account may not look: folders denied by the scenario, and all that lies in them."""

from video_analytics.sandbox.panopto.tree import Snapshot


def named(tree: Snapshot, listed: list[str]) -> set[str]:
    """The folders a list of ids or names means, by their present or first names."""
    texts = {text.lower() for text in listed}
    return {
        key
        for key, folder in tree.site.folders.items()
        if key in texts or tree.names[key] in listed or folder.name.first in listed
    }


def denied(tree: Snapshot, listed: list[str]) -> set[str]:
    """Those folders and everything below them."""
    return {inner for key in named(tree, listed) for inner in tree.below(key)} if listed else set()
