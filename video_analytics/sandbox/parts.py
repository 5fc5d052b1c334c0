"""The nested pieces of a CMS video object: people, images, tracks, schedules, custom fields."""

from datetime import UTC, datetime
from random import Random
from typing import Any

from video_analytics.sandbox.accounts import EXTRA_FIELD_ACCOUNT, Account
from video_analytics.sandbox.catalogue import DAY, NEVER
from video_analytics.sandbox.words import CUSTOM_FIELDS, EMAILS, EXTRA_FIELD, FREE_TEXTS

Json = dict[str, Any]
_FOLDERS = ("Archive", "Events", "Übungen", "Webcasts")


def iso(milliseconds: int) -> str | None:
    """The vendor's spelling of an instant: UTC, milliseconds, Z; None for "never"."""
    if milliseconds >= NEVER:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def likely(draw: Random, probability: float) -> bool:
    """Whether something of that probability happens."""
    return draw.random() < probability


def person(draw: Random, account: Account) -> Json:
    """Who did it: a user (the e-mail may be missing), an API key, or the system itself."""
    number = draw.randrange(5)
    identity = f"7000{account.index:02d}{number:02d}"
    shapes: tuple[Json, ...] = (
        {"type": "user", "id": identity, "email": f"{EMAILS[number]}@example.com"},
        {"type": "user", "id": identity},
        {"type": "api_key", "id": identity},
        {"type": "internal"},
    )
    return draw.choices(shapes, weights=(55, 15, 20, 10))[0]


def custom_field_table(account: Account) -> list[tuple[str, str, tuple[str, ...], float]]:
    """The custom fields an account has; one account has one more."""
    extra = [EXTRA_FIELD] if account.name == EXTRA_FIELD_ACCOUNT else []
    return [*CUSTOM_FIELDS, *extra]


def custom_fields(draw: Random, account: Account, position: int) -> dict[str, str]:
    """Only the fields that have a value, as the vendor shows them."""
    filled = {}
    for name, _display, choices, share in custom_field_table(account):
        if likely(draw, share):
            text = draw.choice(choices) if choices else FREE_TEXTS[name]
            filled[name] = text.replace("{number}", str(position))
    return filled


def field_definitions(account: Account) -> list[Json]:
    """`custom_fields` of `/video_fields`."""
    return [
        {
            "id": name,
            "display_name": display,
            "description": None if index % 2 else f"About {display}",
            "required": index == 0,
            "type": "enum" if choices else "string",
            "enum_values": list(choices),
        }
        for index, (name, display, choices, _share) in enumerate(custom_field_table(account))
    ]


def folder_id(account: Account, number: int) -> str:
    """The id of an account's n-th folder."""
    return f"5f{account.index:02x}{number:020x}"


def folders(account: Account) -> list[Json]:
    """The four folders every account has."""
    return [
        {
            "id": folder_id(account, number),
            "name": name,
            "account_id": account.id,
            "created_at": "2019-01-01T00:00:00.000Z",
            "updated_at": "2022-01-01T00:00:00.000Z",
            "video_count": 0,
        }
        for number, name in enumerate(_FOLDERS)
    ]


def cue_points(draw: Random) -> list[Json]:
    """Mostly none."""
    if not likely(draw, 0.05):
        return []
    return [{"id": "c1", "name": "mid", "type": "AD", "time": 12.5, "metadata": None, "force_stop": False}]


def geo(draw: Random) -> Json | None:
    """A country restriction, rarely."""
    if not likely(draw, 0.05):
        return None
    return {"countries": ["us", "ca"], "exclude_countries": True, "restricted": True}


def images(video_id: str) -> Json:
    """Poster and thumbnail."""
    sizes = {"poster": (720, 1280), "thumbnail": (90, 160)}
    return {kind: _image(video_id, kind, *size) for kind, size in sizes.items()}


def _image(video_id: str, kind: str, height: int, width: int) -> Json:
    src = f"https://images.example.invalid/{video_id}/{kind}.jpg"
    sources = [{"src": src, "height": height, "width": width}]
    return {"asset_id": f"{kind[0]}{video_id}", "src": src, "sources": sources}


def filename(draw: Random, position: int) -> str | None:
    """The uploaded file's name; may be garbled, may be missing."""
    return draw.choice([None, f"video_{position}.mp4", "Ãœbersicht_final (2).mov", "a,b;c.mp4"])


def reference(draw: Random, position: int) -> str | None:
    """Unique per account where present; digits with leading zeros are frequent."""
    shapes = (f"{position:06d}", f"ref:{position}/ü", None)
    return draw.choices(shapes, weights=(50, 5, 45))[0]


def schedule(draw: Random, created: int) -> Json | None:
    """A window of availability; either end may be open."""
    if not likely(draw, 0.1):
        return None
    starts = iso(created) if likely(draw, 0.7) else None
    return {"starts_at": starts, "ends_at": iso(created + 400 * DAY) if likely(draw, 0.5) else None}


def sharing(draw: Random) -> Json | None:
    """Media sharing between accounts, rarely."""
    if not likely(draw, 0.03):
        return None
    keys = ("by_external_acct", "by_id", "source_id", "to_external_acct", "by_reference")
    return dict.fromkeys(keys, None) | {"by_external_acct": False, "to_external_acct": True}


def text_tracks(draw: Random, account: Account, video_id: str) -> list[Json]:
    """Captions of some videos."""
    if not likely(draw, 0.25):
        return []
    track = {"id": f"t{video_id}", "account_id": account.id, "src": "https://x.example.invalid/en.vtt"}
    track |= {"srclang": draw.choice(["en", "de-CH"]), "label": "English", "kind": "captions"}
    shown: Json = {
        "mime_type": "text/vtt",
        "asset_id": None,
        "sources": [],
        "default": True,
        "status": "published",
    }
    return [track | shown]
