"""Text that wants to be more: ten thousand pieces of it, in every place of a page, stay text."""

import random
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab

from video_analytics.pages import frame
from video_analytics.pages.figures import Column
from video_analytics.pages.frame import Card, Choice, Page, Slider
from video_analytics_tests.pages import sample
from video_analytics_tests.pages.conftest import Visit
from video_analytics_tests.pages.reading import table

PAGES, PER_PAGE = 2, 5000
RUN = "window.pwned=1"
TAGS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<a href=javascript:{RUN}>",
    "<base href=https://example.org/>",
    "<meta http-equiv=refresh content='0;url=https://example.org/'>",
    "<link rel=stylesheet href=https://example.org/x.css>",
    "<form action=https://example.org/><button>",
    f"<math><mtext><style><img src=x onerror={RUN}>",
    "<style>*{display:none}</style>",
    "<plaintext>",
    "<textarea>",
    "<title>",
    "<template>",
    "<select><option>",
)
ENDINGS = (
    "</title>", "</option></select>", "</h1>", "</table>", "</li></ul>", "</style>", "</script>",
    "</noscript>",
    "-->", "<!--", "<!--<script>", "]]>", "<![CDATA[", "?>", "</p", "<", ">", "&",
)  # fmt: skip
QUOTES = (
    f'" onmouseover="{RUN}', f"' onfocus='{RUN}' autofocus='", f'"><script>{RUN}</script>', "'", '"', "`",
    "=",
    f'" style="background:url(javascript:{RUN})', f'"}}}};{RUN};//', f"'}});{RUN};//", f'\\"+({RUN})+\\"',
)  # fmt: skip
LANGUAGES = (
    "{{ 7*7 }}", "{{ cycler.__init__.__globals__ }}", "{% raw %}", "{% for x in y %}", "{# #}", "${7*7}",
    "#{7*7}",
    "%(title)s", "{0.__class__}", "&lt;b&gt;", "&#60;script&#62;", "&amp;lt;", "\\u003cscript\\u003e",
    "&NewLine;",
    "javascript:alert(1)", "data:text/html,<b>", "vbscript:x", "expression(alert(1))",
    "url(https://example.org)",
    "@import 'x'", "datum.viewers", "datum['constructor']", "warn('x')", "=cmd|'/c calc'!A1",
    "[object Object]",
    "__proto__", "constructor", "toString", "null", "undefined", "NaN", "-0", "$&", "$1", "\\", "\\n", "//",
    "/*",
)  # fmt: skip
SIGNS = (
    "\u2028", "\u2029", "\u202e", "\u2066", "\u2069", "\u200f", "\u200b", "\ufeff", "\u0085", "\u00a0",
    "\u0001",
    "\u001b", "\u007f", "\ufffe", "\U000e0041", "é", "e\u0301", "漢", "🎓", "👩\u200d🎓", " ", "\t", "\n",
)  # fmt: skip
PIECES = TAGS + ENDINGS + QUOTES + LANGUAGES + SIGNS
ADDRESSES = (
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f" javascript:{RUN}", f"java\tscript:{RUN}",
    f"\x01javascript:{RUN}",
    "data:text/html,x", "vbscript:x", "file:///etc/passwd", "https://example.org", "//example.org/x",
    "\\\\host\\x",
    "/\\example.org", "/etc/passwd", "mailto:x", "blob:x", "?x", "", "a b", "a\u202eb", "view-source:x",
    "\\x", "./\\\\h",
)  # fmt: skip
NEAR = (
    "#", "#a:b", "#a//b?c=d", "a.html", "../a.html", "./a/b.html#c:d", "a%20b.html", "caf\u00e9.html",
    "a.html?b=c",
)  # fmt: skip
TAKEN = ("constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "isPrototypeOf")
ELEMENTS = """() => [...document.querySelectorAll("*")].filter((each) => !each.closest("svg"))
  .map((each) => [each.tagName, ...each.getAttributeNames().sort()].join(" "))"""


class Elements(HTMLParser):
    """Elements with the names of their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def hostile(seed: int) -> Iterator[str]:
    """Pieces of mischief, each with a number of its own so that no two are alike."""
    chance = random.Random(seed)
    count = 0
    while True:
        count += 1
        yield "".join(chance.choices(PIECES, k=chance.randint(1, 4))) + f"{seed}.{count}"


def harmless(seed: int) -> Iterator[str]:
    count = 0
    while True:
        count += 1
        yield f"Text {seed}.{count}"


def crowded(texts: Iterator[str]) -> Page:
    """A page that shows `PER_PAGE` texts, in every place where it shows any."""

    def some(number: int) -> list[str]:
        return [next(texts) for _ in range(number)]

    columns = [Column("a", next(texts)), Column("b", next(texts), "link"), Column("c", next(texts), "link")]
    figures = [
        sample.figure(
            name, title=next(texts), about=next(texts), columns=columns, open=True, tall=name == "second"
        )
        for name in ("first", "second")
    ]
    rows = [
        {
            "a": a,
            "b": [b, NEAR[place % len(NEAR)]],
            "c": [c, ADDRESSES[place % len(ADDRESSES)]],
            "name": a,
            "viewers": 3,
        }
        for place, (a, b, c) in enumerate(zip(some(900), some(900), some(900), strict=True))
    ]
    parts: dict[str, Any] = {
        "facts": list(zip(some(100), some(100), strict=True)),
        "links": [(words, "other.html") for words in some(90)],
        "cards": [
            Card(title, says, "x.html", note)
            for title, says, note in zip(*[iter(some(300))] * 3, strict=True)
        ],
        "notes": some(200),
        "controls": [
            Choice("one", next(texts), list(zip(some(300), some(300), strict=True))),
            Choice("many", next(texts), list(zip(some(100), some(100), strict=True)), many=True),
            Slider("least", next(texts), 0, 9, 1, 2, next(texts)),
        ],
        "data": {"rows": rows, "finding": next(texts), "period": next(texts)},
    }
    used = 900 * 3 + 300 * 2 + 200 + 200 + 300 + 90 + 2 + 2 * 2 + 3 + 4
    parts["data"]["more"] = some(PER_PAGE - used - 2)
    return sample.page(figures, title=next(texts), lead=next(texts), **parts)


SCRIPT = """
start(() => {
  for (const id of Object.keys(columns)) show(id, data.rows, data.finding, data.period);
});
document.querySelector(".notes").append(...data.more.map((text) => {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}));
"""


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, PAGES))])
def test_ten_thousand_hostile_texts_stay_text(visit: Visit, library: str, tmp_path: Path, seed: int) -> None:
    content, plain = crowded(hostile(seed)), crowded(harmless(seed))
    path = sample.written(content, library, tmp_path, SCRIPT)
    other = sample.written(replace(plain, path=plain.path.with_stem("plain")), library, tmp_path, SCRIPT)
    assert Elements(path.read_text("utf-8")).found == Elements(other.read_text("utf-8")).found

    page, harmless_page = visit(path), visit(other)
    assert page.evaluate(ELEMENTS) == harmless_page.evaluate(ELEMENTS)
    assert page.evaluate("window.pwned") is None
    assert page.locator("svg :is(script, foreignObject, a, image, style, iframe)").count() == 0
    assert_reads_back(page, content)


def assert_reads_back(page: Tab, content: Page) -> None:
    def texts(selector: str) -> list[str]:
        return page.locator(selector).all_text_contents()

    one, many = content.controls[0], content.controls[1]
    assert isinstance(one, Choice)
    assert isinstance(many, Choice)
    assert (
        page.evaluate("document.querySelector('title').textContent") == f"{content.title} · video_analytics"
    )
    assert texts("h1") == [content.title]
    assert texts(".lead") == [content.lead]
    assert texts("dt") == [term for term, _ in content.facts]
    assert texts("dd") == [said for _, said in content.facts]
    assert texts("nav a") == ["All pages", *(words for words, _ in content.links)]
    assert [text.strip() for text in texts(".card h2")] == [card.title.strip() for card in content.cards]
    assert texts(".notes li") == list(content.notes)
    assert texts("option") == [words for _, words in one.options]
    assert [text.removeprefix(" ") for text in texts("fieldset label")] == [
        words for _, words in many.options
    ]
    assert page.locator("option").evaluate_all("all => all.map((each) => each.value)") == [
        value for value, _ in one.options
    ]
    for figure in content.figures:
        assert texts(f"#{figure.id}-title") == [figure.title]
        assert texts(f"#{figure.id}-finding") == [content.data["finding"]]
        rows = [[row["a"], row["b"][0], row["c"][0]] for row in content.data["rows"]]
        assert table(page, figure.id) == [[column.title for column in figure.columns], *rows]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_leads_away_is_no_link(address: str) -> None:
    content = sample.page(links=[("words", address)], cards=[Card("title", "says", address)])
    html = frame.render(content, "")
    assert not frame.local(address)
    assert html.count("<a ") == 2  # to the content, and to all pages
    assert "<span>words</span>" in html


@pytest.mark.parametrize("address", NEAR)
def test_what_stays_among_the_pages_is_a_link(address: str) -> None:
    assert frame.local(address)
    assert frame.render(sample.page(links=[("words", address)]), "").count("<a ") == 3


def test_tables_take_the_same_addresses_for_links(visit: Visit, library: str, tmp_path: Path) -> None:
    rows = [{"name": [each, each]} for each in (*ADDRESSES, *NEAR)]
    data = {"videos": {"rows": rows, "finding": "Links."}}
    figure = sample.figure(chart=None, columns=[Column("name", "Name", "link")], open=True)
    page = visit(sample.written(sample.page([figure], data=data), library, tmp_path))
    assert [row[0] for row in table(page, "videos")[1:]] == [*ADDRESSES, *NEAR]
    links = page.locator("#videos-table a")
    assert [link.get_attribute("href") for link in links.all()] == list(NEAR)
    assert set(links.evaluate_all("all => all.map((each) => each.protocol + each.host)")) == {"file:"}


def test_names_of_the_language_itself_are_names(visit: Visit, library: str, tmp_path: Path) -> None:
    names = [*TAKEN, "null", "undefined", "NaN", "0"]
    rows = [{"name": name, "viewers": place + 1} for place, name in enumerate(names)]
    data = {"videos": {"rows": rows, "finding": "Names."}}
    page = visit(sample.written(sample.page(data=data), library, tmp_path))
    drawn = page.locator("#videos-chart svg .role-axis-label text").all_text_contents()
    assert [text.rstrip("\u2060") for text in drawn][-len(names) :] == names
    assert [row[0] for row in table(page, "videos")[1:]] == names


def test_half_a_character_is_none(visit: Visit, library: str, tmp_path: Path) -> None:
    rows = [{"name": "half \ud800", "viewers": 1}]
    data = {"videos": {"rows": rows, "finding": "Half."}}
    page = visit(sample.written(sample.page(title="half \udfff", data=data), library, tmp_path))
    assert page.locator("h1").text_content() == "half ?"
    assert table(page, "videos")[1][0].startswith("half ")
