"""Full CMS video objects, built on demand from the catalogue's columns.

An object is a pure function of (seed, account, video, instant): nothing is kept, so that a catalogue of
25,000 videos costs a few megabytes and not a few hundred.
"""

from functools import lru_cache
from random import Random
from typing import Any

from video_analytics.sandbox import parts
from video_analytics.sandbox.accounts import EXTRA_FIELD_ACCOUNT
from video_analytics.sandbox.catalogue import Catalogue
from video_analytics.sandbox.parts import iso, likely
from video_analytics.sandbox.words import DESCRIPTIONS, KINDS, ODD_TITLES, TAGS, TOPICS

Json = dict[str, Any]
_ODD_EVERY = 17  # one title in so many comes from the table of odd ones
_SPECIAL_DELIVERY = ("live_origin", "remote")


@lru_cache(maxsize=65_536)
def title(seed: int, account: int, position: int, year: int, version: int) -> str:
    """A video's name; version 1 is the name after a rename."""
    draw = Random(seed * 1_000_003 + account * 100_003 + position)
    if draw.randrange(_ODD_EVERY) == 0:
        name = draw.choice(ODD_TITLES)[:255]
    else:
        name = f"{draw.choice(TOPICS)} \u2013 {draw.choice(KINDS)} {year}"
    return f"{name} (new)"[:255] if version else name


def name_at(catalogue: Catalogue, position: int, instant: int) -> str:
    """The name a video bore at an instant."""
    return name_version(catalogue, position, int(catalogue.renamed[position] <= instant))


def name_version(catalogue: Catalogue, position: int, version: int) -> str:
    """The first (0) or the second (1) name of a video."""
    return title(catalogue.seed, catalogue.account.index, position, catalogue.years[position], version)


def state(catalogue: Catalogue, position: int, instant: int) -> str:
    """ACTIVE, INACTIVE, PENDING or DELETED of one video."""
    if catalogue.deleted[position] <= instant:
        return "DELETED"
    if catalogue.ready[position] > instant:
        return "PENDING"
    shown = catalogue.published[position] <= instant < catalogue.retired[position]
    return "ACTIVE" if shown else "INACTIVE"


def updated(catalogue: Catalogue, position: int, instant: int) -> int:
    """`updated_at` of one video, epoch ms."""
    created = int(catalogue.created[position])
    columns = (catalogue.ready, catalogue.published, catalogue.retired, catalogue.touched)
    events = [created, *(int(column[position]) for column in columns)]
    events += [int(event) for event in catalogue.changes[position]]
    return max(event for event in events if event <= instant)


def video_object(catalogue: Catalogue, position: int, instant: int) -> Json:
    """The whole object the CMS shows at that instant."""
    account, video_id = catalogue.account, catalogue.ids[position]
    draw = Random(catalogue.seed * 7_919 + int(video_id))
    created, published = int(catalogue.created[position]), int(catalogue.published[position])
    ready = int(catalogue.ready[position]) <= instant
    duration = int(catalogue.duration[position])
    delivery = "dynamic_origin" if duration else draw.choice(_SPECIAL_DELIVERY)
    author = parts.person(draw, account)
    video: Json = {
        "account_id": account.id,
        "id": video_id,
        "ad_keys": "key=value&cat=\u00e9" if likely(draw, 0.05) else None,
        "clip_source_video_id": None,
        "complete": ready,
        "created_at": iso(created),
        "created_by": author,
        "cue_points": parts.cue_points(draw),
        "custom_fields": parts.custom_fields(draw, account, position),
        "delivery_type": delivery if ready else "unknown",
        "description": draw.choice(DESCRIPTIONS),
        "digital_master_id": f"m{video_id}" if likely(draw, 0.3) else None,
        "duration": duration if ready and duration else None,
        "economics": "AD_SUPPORTED" if likely(draw, 0.9) else "FREE",
        "folder_id": parts.folder_id(account, draw.randrange(4)) if likely(draw, 0.4) else None,
        "geo": parts.geo(draw),
        "has_digital_master": likely(draw, 0.3),
        "images": parts.images(video_id) if ready and likely(draw, 0.9) else {},
        "ingestion_profile_id": "multi-platform-standard-static",
        "labels": ["/a/b"] if likely(draw, 0.05) else [],
        "link": {"text": "More, here", "url": "https://www.example.com/"} if likely(draw, 0.1) else None,
        "long_description": "Long text.\n\n" * 20 if likely(draw, 0.1) else None,
        "name": name_at(catalogue, position, instant),
        "offline_enabled": False,
        "original_filename": parts.filename(draw, position),
        "playback_rights_id": None,
        "projection": "equirectangular" if likely(draw, 0.01) else None,
        "published_at": iso(published) if published <= instant else None,
        "reference_id": parts.reference(draw, position),
        "schedule": parts.schedule(draw, created),
        "sharing": parts.sharing(draw),
        "state": state(catalogue, position, instant),
        "tags": draw.sample(TAGS, draw.randrange(4)),
        "text_tracks": parts.text_tracks(draw, account, video_id),
        "transcripts": [],
        "updated_at": iso(updated(catalogue, position, instant)),
        "updated_by": {"type": "internal"} if likely(draw, 0.5) else author,
        "variants": [],
    }
    if account.name == EXTRA_FIELD_ACCOUNT:
        video["forensic_watermarking"] = "UNAVAILABLE"
    return video
