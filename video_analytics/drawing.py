"""Charts, written in Vega-Lite: as Vega for a page, or drawn here as small pictures for the Dagster UI."""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import vl_convert

_SIGNATURE = 8  # bytes
_FRAME = struct.Struct(">I4s")  # length and type of a chunk; its data and a checksum follow
_CHECKSUM = struct.Struct(">I")


def vega(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A Vega-Lite chart as the Vega that draws it; a page's charts are few and made for many pages."""
    compiled: dict[str, Any] = json.loads(_compiled(json.dumps(spec)))
    return compiled


@lru_cache(maxsize=256)
def _compiled(spec: str) -> str:
    return json.dumps(vl_convert.vegalite_to_vega(json.loads(spec), vl_version=_version()))


def png(spec: Mapping[str, Any], scale: float) -> bytes:
    """A Vega-Lite chart with its data as PNG. It loads nothing from anywhere."""
    return _packed(
        vl_convert.vegalite_to_png(dict(spec), vl_version=_version(), scale=scale, allowed_base_urls=[])
    )


def _version() -> str:
    """Of the Vega-Lite that Altair writes, as vl-convert calls it."""
    return ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def _packed(image: bytes) -> bytes:
    """The same picture in a seventh of the room: vl-convert packs pixels fast, not well."""
    chunks = list(_chunks(image))
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    others = [(kind, data) for kind, data in chunks if kind not in {b"IDAT", b"IEND"}]
    packed = [*others, (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return image[:_SIGNATURE] + b"".join(_chunk(kind, data) for kind, data in packed)


def _chunks(image: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = _SIGNATURE
    while place < len(image):
        length, kind = _FRAME.unpack_from(image, place)
        place += _FRAME.size
        yield kind, image[place : place + length]
        place += length + _CHECKSUM.size


def _chunk(kind: bytes, data: bytes) -> bytes:
    return _FRAME.pack(len(data), kind) + data + _CHECKSUM.pack(zlib.crc32(kind + data))
