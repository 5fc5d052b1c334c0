"""A message: what some problems, or their end, are told as; and its forms for mail and chat.

What a problem says may come from a vendor: it is data. It is bounded, it has no control characters, and in
each form it is escaped so that it can neither format, link nor mention.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from video_analytics.alerts.problem import TITLE_CHARACTERS, Problem, clean
from video_analytics.alerts.reading import instant

PROBLEM, OVER, TEST = "problem", "over", "test"
MOST_LISTED = 30  # problems of one message that are named
MOST_LINKS = 3
LINE_CHARACTERS = 900
PRODUCT = "video-analytics"


@dataclass(frozen=True)
class Message:
    """What is told: a line, the lines below it, and links to runs (what they show, address).

    `id` is the same whenever the same is told again after a crash, so that a receiver can tell.
    """

    id: str
    event: str  # problem, over, test
    at: datetime
    subject: str
    lines: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The whole as plain text, without the first line."""
        return "\n".join([*self.lines, *(f"{title}: {url}" for title, url in self.links)])


def message(event: str, problems: Sequence[Problem], at: datetime, ui_url: str | None) -> Message:
    """One message on problems that began, or ended, together; there is at least one."""
    problems = tuple(map(_clean, problems))
    marks = "\n".join(f"{problem.key} {problem.since.isoformat()}" for problem in problems)
    number = hashlib.sha256(f"{event} {at.isoformat()}\n{marks}".encode()).hexdigest()[:24]
    first, more = problems[0], len(problems) - 1
    said = "Problem" if event == PROBLEM else "Over"
    subject = clean(f"{said}: {first.title}{f' (and {more} more)' if more else ''}", 200)
    lines = _problem_lines(problems) if event == PROBLEM else _over_lines(problems, at)
    links = _links(problems, ui_url) if event == PROBLEM else ()
    bounded = tuple(clean(line, LINE_CHARACTERS) for line in lines)
    return Message(number, event, at, subject, bounded, links, problems)


def trial(at: datetime) -> Message:
    """What is sent to try the channels."""
    lines = ("This is a test. Nothing is wrong: alerts of this platform reach you here.",)
    number = hashlib.sha256(f"{TEST} {at.isoformat()}".encode()).hexdigest()[:24]
    return Message(number, TEST, at, "Test of the alerts", lines)


def _clean(problem: Problem) -> Problem:
    return replace(problem, title=clean(problem.title, TITLE_CHARACTERS), why=clean(problem.why))


def _problem_lines(problems: Sequence[Problem]) -> Iterable[str]:
    first = problems[0]
    yield from (f"{problem.title}, since {instant(problem.since)}" for problem in problems[:MOST_LISTED])
    yield from _rest(problems)
    yield f"Why: {first.why}" if len(problems) == 1 else f"Why (the first of them): {first.why}"
    yield from (f"What to do: {mend}" for mend in dict.fromkeys(problem.mend for problem in problems))


def _over_lines(problems: Sequence[Problem], at: datetime) -> Iterable[str]:
    for problem in problems[:MOST_LISTED]:
        yield f"{problem.title}: this is over, after {_lasted(at - problem.since)}"
    yield from _rest(problems)


def _rest(problems: Sequence[Problem]) -> Iterable[str]:
    if len(problems) > MOST_LISTED:
        yield f"and {len(problems) - MOST_LISTED} more; `{PRODUCT} alert --list` names them all"


def _lasted(time: timedelta) -> str:
    minutes = max(0, int(time.total_seconds() // 60))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min"


def _links(problems: Iterable[Problem], ui_url: str | None) -> tuple[tuple[str, str], ...]:
    if not ui_url:
        return ()
    runs = dict.fromkeys(problem.run_id for problem in problems if problem.run_id)
    root = ui_url.rstrip("/")
    return tuple(
        ("Run", f"{root}/runs/{quote(run, safe='', errors='replace')}") for run in [*runs][:MOST_LINKS]
    )


# --- forms ------------------------------------------------------------------------------------------------


def as_mail(told: Message, sender: str, receivers: Sequence[str]) -> EmailMessage:
    """A plain text mail that no vacation notice answers."""
    mail = EmailMessage()
    mail["Subject"] = f"[{PRODUCT}] {told.subject}"
    mail["From"] = sender
    mail["To"] = ", ".join(receivers)
    mail["Date"] = format_datetime(told.at)
    mail["Message-ID"] = f"<{told.id}@{PRODUCT}.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{told.subject}\n\n{told.text}\n", charset="utf-8")
    return mail


def as_slack(told: Message) -> dict[str, Any]:
    """A message of an incoming webhook; `text` is what notifications show."""
    lines = [_mrkdwn(line) for line in told.lines]
    lines += [f"<{_mrkdwn(url)}|{_mrkdwn(title)}>" for title, url in told.links]
    blocks = [_section(f"*{_mrkdwn(told.subject).replace('*', '∗')}*"), *map(_section, lines)]  # noqa: RUF001
    return {"text": _mrkdwn(told.subject), "blocks": blocks[:50]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000], "verbatim": True}}


def _mrkdwn(text: str) -> str:
    """Slack's own escapes: with `verbatim` nothing else links or mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_teams(told: Message) -> dict[str, Any]:
    """An adaptive card for a Power Automate workflow; runs of text, unlike text blocks, know no markdown."""
    runs = [_run(told.subject, weight="Bolder", size="Medium"), *map(_run, told.lines)]
    actions = [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in told.links]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": runs,
        **({"actions": actions} if actions else {}),
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}


def as_json(told: Message) -> dict[str, Any]:
    """For programs: the event, and the facts of each problem. Instants are ISO, UTC."""
    facts = ("key", "kind", "subject", "title", "why", "mend", "run_id")
    return {
        "event": told.event,
        "id": told.id,
        "at": told.at.isoformat(),
        "text": told.subject,
        "problems": [
            {**{name: getattr(problem, name) for name in facts}, "since": problem.since.isoformat()}
            for problem in told.problems
        ],
        "links": [url for _, url in told.links],
    }
