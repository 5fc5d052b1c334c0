"""What each alert means and what to do: the table that messages and the handbook are made from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remedy:
    """One line of the runbook: the alert's name, what it says, and what to do."""

    alert: str
    means: str
    do: str


_LINES = (
    Remedy(
        "refused",
        "An account or course is refused, or answers what no repetition mends.",
        "Check the credentials and their rights with `video-analytics check`, correct them in .env or "
        "secrets.json; the next night, or `video-analytics run`, fills what lacks.",
    ),
    Remedy(
        "failing",
        "An account or course failed more often than passes by itself.",
        "See the run's log. Where the vendor or the network is in trouble, wait: it is asked again by "
        "itself; else run `video-analytics check`.",
    ),
    Remedy(
        "stale",
        "Nothing has been read whole for longer than `alerts.stale_hours`.",
        "See in the UI whether runs wait or were stopped and whether the daemon runs; then "
        "`video-analytics run` reads what is due.",
    ),
    Remedy(
        "missing",
        "Days between the first one held and the last one closed are not in the lake.",
        "Days inside `automation.heal_days` are asked again by themselves; for older ones run "
        "`video-analytics run` with --from and --to.",
    ),
    Remedy(
        "quality",
        "Data contradicts itself or its history; where the check blocks, nothing of it is delivered.",
        "Read the days again with `video-analytics run` and --from and --to; if it stays, compare with the "
        "vendor's own pages before you use or deliver them.",
    ),
    Remedy(
        "making",
        "A table or file could not be made from what the lake holds.",
        "See the run's log; a file that another program holds open is written with the next run, a damaged "
        "file of the lake is named and can be fetched again.",
    ),
    Remedy(
        "share",
        "No file can be put on a share: it is away, full, or may not be written.",
        "Make it reachable and writable for the user of the platform; `video-analytics check` looks at it. "
        "What waits is delivered by itself.",
    ),
    Remedy(
        "delivery",
        "A file could not be put where its route says.",
        "Close it in other programs and check the rights of its folder; it is tried again by itself.",
    ),
    Remedy(
        "waiting",
        "A file waits longer than `alerts.waiting_hours`, as its source is stale or did not pass a check.",
        "Mend the source first, as the reason says; then it is delivered by itself.",
    ),
    Remedy(
        "schedule",
        "A schedule did not tick when it should have.",
        "See in the UI (Automation) whether it is on and why its last tick failed; restart the daemon.",
    ),
    Remedy(
        "run",
        "A run broke off in a way nobody foresaw, or its process died.",
        "See the run's log; where the machine ran out of memory or was restarted, start the run again.",
    ),
    Remedy(
        "settings",
        "The list of courses cannot be read.",
        "Correct the lines that are named; until then the courses known so far are kept.",
    ),
    Remedy(
        "disk",
        "Less than 1 GB is free where the home lies.",
        "Free space or move the home to a larger disk; without space nothing can be written.",
    ),
    Remedy(
        "channel",
        "Messages cannot be handed to a channel; they are kept for it and sent when it is back.",
        "Check its address and credentials, then try it with `video-analytics alert --test`.",
    ),
    Remedy(
        "daemon",
        "Dagster's daemon does not run: nothing happens by itself.",
        "Start it again (`systemctl restart`, or the service on Windows) and look at its log.",
    ),
)

RUNBOOK = {line.alert: line for line in _LINES}


def mend(alert: str) -> str:
    """What to do about an alert of that name."""
    return RUNBOOK[alert].do
