"""The whole catalogue of an account, although it changes while it is read.

Brightcove itself warns (CMS API overview) that a page may be short although more follow, and that items
move between pages; empty pages in the middle have been seen. So: sort by the creation time, which never
changes; overlap the pages; drop repeats by id; compare with a fresh count; read again until they agree.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from video_analytics.brightcove.client import Client
from video_analytics.errors import Incomplete
from video_analytics.settings import Account

Video = dict[str, Any]

OVERLAP = 5  # items read twice at each page's edge, so that one moved item is not lost
EMPTY_ASKS = 5  # asks of an offset that answers with an empty page before its end
PASSES = ("created_at", "-created_at", "created_at", "-created_at", "created_at", "-created_at")


def list_videos(client: Client, account: Account) -> list[Video]:
    """Every video of the account that is not deleted, by creation time and id.

    Raises:
        Incomplete: the listing and the vendor's own count disagree after several passes, and the
            count itself stood still.
    """
    return _complete_listing(client, account, query="")


def list_deleted(client: Client, account: Account) -> list[Video]:
    """The videos deleted in the last ten days: the only time the vendor still names them."""
    return _complete_listing(client, account, query="state:DELETED")


def _complete_listing(client: Client, account: Account, query: str) -> list[Video]:
    counts = [client.count(account, query)]
    found: dict[str, Video] = {}
    for sort in PASSES:
        if counts[-1] == 0 and not found:
            return []
        one_pass = {video["id"]: video for video in _pages(client, account, counts[-1], sort, query)}
        new = one_pass.keys() - found.keys()
        found |= one_pass
        counts.append(client.count(account, query))
        if len(one_pass) == counts[-1] == counts[-2]:
            return _in_order(one_pass)
        if {*counts} == {len(found)} and not new:  # nothing came or went: the passes complete each other
            return _in_order(found)
    if len(set(counts[-3:])) > 1 and len(found) >= counts[-1]:
        return _in_order(found)  # it never stood still: rather keep one that has gone than lose one
    raise Incomplete(
        f"Brightcove {account.name} cms/videos: expected {counts[-1]:,} videos by the vendor's count, "
        f"found {len(one_pass):,} in the last of {len(PASSES)} readings; try again later"
    )


def _pages(client: Client, account: Account, count: int, sort: str, query: str) -> Iterator[Video]:
    """Pages up to the counted end, and on while they are full: videos may have been added."""
    size, offset = client.settings.cms_page, 0
    seen: set[str] = set()
    while True:
        page = _page(client, account, offset, count, sort, query)
        yield from page
        before = len(seen)
        seen |= {video["id"] for video in page}
        offset += max(1, size - OVERLAP)
        if offset >= count and (len(page) < size or len(seen) == before):
            return


def _page(client: Client, account: Account, offset: int, count: int, sort: str, query: str) -> list[Video]:
    """One page; asked again while it is empty before the counted end."""
    for _ in itertools.repeat(None, EMPTY_ASKS):
        page = client.videos_page(
            account, offset=offset, limit=client.settings.cms_page, sort=sort, query=query
        )
        if page or offset >= count:
            return page
    return []


def _in_order(videos: dict[str, Video]) -> list[Video]:
    return sorted(videos.values(), key=lambda video: (str(video.get("created_at") or ""), video["id"]))
