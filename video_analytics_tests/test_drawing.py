import struct
import zlib

import altair as alt
import pytest
import vl_convert

from video_analytics.drawing import png
from video_analytics.pages.figures import ROWS, picture

SPEC = {
    "data": {"values": [{"a": "x", "b": 3}, {"a": "y", "b": 9}]},
    "mark": "bar",
    "encoding": {"x": {"field": "a", "type": "nominal"}, "y": {"field": "b", "type": "quantitative"}},
    "width": 300,
    "height": 200,
}


def chunks(image: bytes) -> dict[bytes, bytes]:
    """Each chunk's data by its type, after a look at its checksum."""
    found, place = dict[bytes, bytes](), 8
    while place < len(image):
        (length,) = struct.unpack_from(">I", image, place)
        kind, data = image[place + 4 : place + 8], image[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", image, place + 8 + length)
        assert zlib.crc32(kind + data) == checksum
        found[kind] = found.get(kind, b"") + data
        place += length + 12
    return found


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_picture_keeps_its_pixels_and_takes_less_room(scale: float) -> None:
    drawn = vl_convert.vegalite_to_png(SPEC, vl_version="6.4", scale=scale)
    packed = png(SPEC, scale)
    assert packed[:8] == drawn[:8] == b"\x89PNG\r\n\x1a\n"
    before, after = chunks(drawn), chunks(packed)
    assert list(after) == [*(kind for kind in before if kind not in {b"IDAT", b"IEND"}), b"IDAT", b"IEND"]
    assert after[b"IHDR"] == before[b"IHDR"]
    assert zlib.decompress(after[b"IDAT"]) == zlib.decompress(before[b"IDAT"])
    assert len(packed) < len(drawn) / 2


def test_nothing_is_loaded_from_anywhere() -> None:
    with pytest.raises(ValueError, match=r"not allowed|denied|allowed_base_urls|Access"):
        png({**SPEC, "data": {"url": "http://127.0.0.1:9/data.json"}}, 1.0)


def test_the_chart_of_a_page_is_a_picture_of_the_width_it_should_have() -> None:
    chart = alt.Chart(ROWS).mark_bar().encode(x="a:N", y="b:Q").properties(height=100)
    image = picture(chart, [{"a": "x", "b": 3}], "A title")
    (width,) = struct.unpack_from(">I", image, 16)
    assert 600 < width < 760
    assert len(image) < 30_000
