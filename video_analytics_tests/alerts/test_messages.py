"""What a message says, in all its forms, whatever a vendor put into it."""

import datetime as dt
import json
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from video_analytics.alerts import messages
from video_analytics.alerts.messages import MOST_LISTED, OVER, PROBLEM, message
from video_analytics.alerts.problem import Problem
from video_analytics.alerts.runbook import RUNBOOK
from video_analytics_tests.conftest import NOW

SINCE = NOW - dt.timedelta(days=2, hours=5)
PAGE = "https://dagster.example.com"


def problem(name: str = "neo", why: str = "HTTP 401", run_id: str = "") -> Problem:
    mend = RUNBOOK["refused"].do
    title = f"Brightcove {name} cannot be read"
    return Problem(
        f"reading:brightcove:{name}", "reading", f"brightcove:{name}", title, why, mend, SINCE, run_id
    )


def test_a_message_says_what_why_what_to_do_and_where() -> None:
    told = message(PROBLEM, [problem(run_id="r1")], NOW, PAGE)
    assert told.subject == "Problem: Brightcove neo cannot be read"
    assert told.lines == (
        "Brightcove neo cannot be read, since 2026-06-13 01:00 UTC",
        "Why: HTTP 401",
        f"What to do: {RUNBOOK['refused'].do}",
    )
    assert told.links == (("Run", f"{PAGE}/runs/r1"),)


def test_the_end_says_how_long_it_was() -> None:
    told = message(OVER, [problem()], NOW, PAGE)
    assert told.subject == "Over: Brightcove neo cannot be read"
    assert told.lines == ("Brightcove neo cannot be read: this is over, after 2 d 5 h",)


def test_many_problems_are_named_and_counted() -> None:
    told = message(PROBLEM, [problem(f"a{n}", run_id=f"r{n}") for n in range(MOST_LISTED + 5)], NOW, PAGE)
    assert told.subject == "Problem: Brightcove a0 cannot be read (and 34 more)"
    assert told.lines[MOST_LISTED].startswith("and 5 more")
    assert [line.startswith("What to do") for line in told.lines].count(True) == 1
    assert len(told.links) == 3


def test_without_the_page_of_the_ui_there_is_no_link() -> None:
    assert message(PROBLEM, [problem(run_id="r1")], NOW, None).links == ()


def test_the_same_message_has_the_same_id_and_another_one_has_not() -> None:
    def number(event: str = PROBLEM, name: str = "neo", at: dt.datetime = NOW) -> str:
        return message(event, [problem(name)], at, None).id

    assert number() == number()
    assert len({number(), number(OVER), number(name="impact"), number(at=SINCE)}) == 4


@examples(max_examples=30)
@given(
    st.text(max_size=60),
    st.text(alphabet=st.characters(categories=["C", "L", "P", "S"]), max_size=60),
    st.text(max_size=20),
)
def test_whatever_a_vendor_says_it_is_data(title: str, why: str, run_id: str) -> None:
    mean = Problem("k:s", "k", "s", title, why, "mend", SINCE, run_id)
    told = message(PROBLEM, [mean], NOW, PAGE)
    assert all(line.isprintable() for line in (told.subject, *told.lines))
    assert all(url.startswith(f"{PAGE}/runs/") and url.isascii() for _, url in told.links)
    mail = message_from_bytes(
        messages.as_mail(told, "a@example.com", ["b@example.com"]).as_bytes(policy=SMTP)
    )
    assert set(mail) == {
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    for block in messages.as_slack(told)["blocks"]:
        own = f"<{PAGE}/runs/" in block["text"]["text"]
        assert own or not set("<>") & set(block["text"]["text"])
    assert json.loads(json.dumps(messages.as_teams(told), ensure_ascii=True))
    assert messages.as_json(told)["problems"][0]["key"] == "k:s"


@pytest.mark.parametrize("form", [messages.as_slack, messages.as_teams, messages.as_json])
def test_forms_are_small_enough_for_their_receivers(form: Any) -> None:
    long = [problem("ж" * 2000, "ж&" * 5000, f"r{n}") for n in range(500)]
    told = message(PROBLEM, long[:60], NOW, PAGE)
    body = form(told)
    if form is not messages.as_json:
        assert len(json.dumps(body, ensure_ascii=False).encode()) < 28_000  # Teams takes so much
    else:
        assert len(body["problems"]) == 60
    for block in body.get("blocks", []):
        assert len(block["text"]["text"]) <= 3000
