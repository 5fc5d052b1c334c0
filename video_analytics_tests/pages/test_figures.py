"""A chart is the same on a page and as a picture; its colours can be told from either ground."""

import json
import re
import struct
from typing import Any

import pytest

from video_analytics.pages import frame
from video_analytics.pages.figures import PALETTE, PICTURE_WIDTH, picture, spec
from video_analytics_tests.pages import sample

ROWS = [{"name": "Limits", "viewers": 12}, {"name": "<script>alert(1)</script>", "viewers": 3}]


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def inks() -> dict[str, list[str]]:
    """The colours of the stylesheet by name: light, dark, and on paper."""
    found: dict[str, list[str]] = {}
    for name, colour in re.findall(r"--(\w+): (#[0-9a-f]{6});", frame._text("style.css")):
        found.setdefault(name, []).append(colour)
    return found


def holds(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(holds(each, key) for each in value.values())
    return isinstance(value, list) and any(holds(each, key) for each in value)


@pytest.mark.parametrize("colour", PALETTE)
def test_colours_stand_out_from_every_ground(colour: str) -> None:
    assert min(contrast(colour, ground) for ground in inks()["ground"]) >= 3


@pytest.mark.parametrize("ink", ["ink", "soft", "link"])
def test_words_can_be_read_on_every_ground(ink: str) -> None:
    colours = inks()
    assert len(colours["ground"]) == len(colours[ink]) == 3
    for ground in ("ground", "raised"):
        pairs = zip(colours[ink], colours[ground], strict=True)
        assert min(contrast(one, other) for one, other in pairs) >= 4.5


def test_a_page_gets_the_chart_without_data_and_as_wide_as_its_place() -> None:
    made = spec(sample.bars())
    assert made["$schema"].startswith("https://vega.github.io/schema/vega/")
    assert made["data"][0] == {"name": "rows"}
    (width,) = (each for each in made["signals"] if each["name"] == "width")
    assert "containerSize" in width["init"]
    assert not any(holds(made, key) for key in ("url", "datasets", "href"))
    assert made == spec(sample.bars())
    json.dumps(made, allow_nan=False)


def test_a_picture_is_of_the_rows() -> None:
    png = picture(sample.bars(), ROWS, "Viewers")
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert PICTURE_WIDTH < width < 2 * PICTURE_WIDTH
    assert height > 60
    assert png == picture(sample.bars(), ROWS, "Viewers")
    assert png != picture(sample.bars(), ROWS[:1], "Viewers")


def test_a_picture_of_nothing_is_a_picture() -> None:
    assert picture(sample.bars(), [], "Nobody").startswith(b"\x89PNG")


def test_a_picture_knows_names_of_the_language_as_names() -> None:
    rows = [{"name": name, "viewers": 3} for name in ("constructor", "__proto__", "toString")]
    assert len(picture(sample.bars(), rows, "Names")) > len(picture(sample.bars(), [], "Names"))
