"""One way to a vendor: timeouts, limits, retries, tokens, and errors that say what happened.

    calls     a question, its answer, and what HTTP itself says of it
    tokens    what proves who is asking
    pace      retries to spend, calls counted, limits kept
    session   the one that asks

Belongs here: what any HTTP API needs. Does not belong here: endpoints, fields, or the meaning of a
vendor's error codes; a client passes those in as `Call` and `Verdict`.
"""

from video_analytics.http.calls import (
    Answer,
    Call,
    Patience,
    Verdict,
    retry_after_seconds,
    transient_or_refused,
)
from video_analytics.http.pace import Budget, Limits, Tally
from video_analytics.http.session import Session, Waiting
from video_analytics.http.tokens import TokenSource

__all__ = [
    "Answer",
    "Budget",
    "Call",
    "Limits",
    "Patience",
    "Session",
    "Tally",
    "TokenSource",
    "Verdict",
    "Waiting",
    "retry_after_seconds",
    "transient_or_refused",
]
