"""What a check of data finds: whether a promise holds for a subject, and the numbers that show it.

The checks themselves stand in each vendor's `quality.py`, pure, over the lake. Dagster's asset checks show
them, alerts tell of them, and delivery refuses what does not pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One check of one subject (an account's key, a course's id)."""

    check: str  # keys_unique, days_present …
    subject: str
    ok: bool
    says: str  # one sentence: expected, got, and where not ok what to do
    numbers: Mapping[str, float] = field(default_factory=dict)
    blocking: bool = True  # what follows from it would mislead
