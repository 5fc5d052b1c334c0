"""A page as one HTML file. Its content security policy lets in nothing but what the file itself holds."""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

import jinja2

from video_analytics.pages import figures
from video_analytics.pages.figures import Figure

TEMPLATES = resources.files(__package__) / "templates"
SITE = "video_analytics"
ZONE = "Time zone"
STAMPED = (ZONE, "Refreshed", "Provisional", "Provisional days")  # facts that each chart says again
_UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")  # ends of elements and lines; halves of characters
_LOCAL = re.compile(r"(?![/?])[^\\:\s#]+(#[^\\\s]*)?|#[^\\\s]*")


@dataclass(frozen=True)
class Choice:
    """A control with options: (value, words); the first is chosen at the beginning."""

    id: str
    label: str
    options: Sequence[tuple[str, str]]
    many: bool = False  # any number of them, all at the beginning


@dataclass(frozen=True)
class Slider:
    """A control for a number."""

    id: str
    label: str
    least: float
    most: float
    step: float
    value: float
    unit: str = ""


@dataclass(frozen=True)
class Card:
    """A way to another page, or why there is none yet: then its address is empty."""

    title: str
    says: str
    address: str = ""  # relative to the page that shows it
    note: str = ""  # when it was refreshed


@dataclass(frozen=True)
class Page:
    """What a page shows. `path` is below exports/pages; all of `data` is seen by whoever has the page."""

    path: PurePosixPath
    title: str
    lead: str  # what this page is for, in a sentence
    facts: Sequence[tuple[str, str]]  # period, zone, refreshed, provisional days, who is counted
    figures: Sequence[Figure] = ()
    controls: Sequence[Choice | Slider] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    script: str = ""  # its own script among the templates; "" for a page that only shows
    parts: Sequence[str] = ()  # scripts among the templates that its own one builds on
    links: Sequence[tuple[str, str]] = ()  # (words, address relative to this page)
    cards: Sequence[Card] = ()
    notes: Sequence[str] = ()


def render(page: Page, library: str) -> str:
    """The whole file; `library` is the chart library's script."""
    drawn = {each.id: figures.spec(each.chart) for each in page.figures if each.chart is not None}
    columns = {each.id: [vars(column) for column in each.columns] for each in page.figures}
    style, own = _text("style.css"), "".join(map(_text, ["page.js", *page.parts, page.script or "still.js"]))
    scripts = [library, own] if drawn else [own]
    html = _template().render(
        page=page,
        site=SITE,
        policy=_policy([style], scripts),
        style=style,
        scripts=scripts,
        inlined=inlined({"specs": drawn, "columns": columns, "data": page.data}),
        root="../" * (len(page.path.parts) - 1),
        stamp=_stamp(page.facts),
    )
    return html.encode("utf-8", "replace").decode()  # half a character would be none in any file


def _stamp(facts: Sequence[tuple[str, str]]) -> str:
    """What each chart says of its data, as it may be seen alone; details of zones are in the header."""
    said = {term: words.partition(":")[0] if term == ZONE else words for term, words in facts}
    return " ".join(f"{term}: {said[term]}." for term in STAMPED if term in said)


def inlined(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


def local(address: str) -> bool:
    """Whether an address stays among the pages: relative, downwards or up, or a place on the same page.

    What a browser would read as another scheme or another host is none, however it is spelled.
    """
    return _LOCAL.fullmatch(address) is not None and not any(map(_hidden, address))


def _hidden(sign: str) -> bool:
    return unicodedata.category(sign).startswith("C")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, scripts)),
        "style-src": " ".join(map(_hash, styles)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {allowed}" for name, allowed in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _text(name: str) -> str:
    return TEMPLATES.joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FunctionLoader(_text)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.tests["local"] = local
    return environment.get_template("page.html")
