"""60 days of the platform by itself, in trouble, against the same 60 days in peace.

    python -m video_analytics_tests.drills.sixty_days [--days 60] [--accounts 3] [--courses 2] [--seed 1]

Two lives of the same home run side by side, each with its own vendors, daemon, shares and mail server; see
`troubled`. At the end: the lake is the vendors' truth in both, both have the same files, the shares hold
them, each trouble was told once and each end of it once, and the calls are within twice those in peace.
"""

import multiprocessing
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import click

from video_analytics_tests.drills.homes import Plan
from video_analytics_tests.drills.troubled import Outcome, exported, figures, live

MEMORY = Path("/dev/shm")  # noqa: S108 - the databases of Dagster write through to the disk at every step
MOST_CALLS = 2.0  # of those in peace


@click.command()
@click.option("--days", default=60, show_default=True)
@click.option("--accounts", default=3, show_default=True)
@click.option("--courses", default=2, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--step", default=120, show_default=True, help="Minutes between two looks while nothing happens."
)
def main(days: int, accounts: int, courses: int, seed: int, step: int) -> None:
    """Live twice, compare, print figures; fail if anything is not as it should be."""
    plan = planned(days, accounts, courses, seed, step)
    root = Path(tempfile.mkdtemp(prefix="sixty_days_", dir=MEMORY if MEMORY.is_dir() else None))
    print(f"{plan}\n{root}", flush=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        lives = {
            name: pool.submit(lived, root / name, replace(plan, trouble=name == "trouble"))
            for name in ("peace", "trouble")
        }
        peace, trouble = (lives[name].result() for name in ("peace", "trouble"))
    wrong = judge(plan, peace, trouble)
    for name, outcome in (("peace", peace), ("trouble", trouble)):
        (root / f"{name}.runs.txt").write_text(outcome.told + "\n", encoding="utf-8")
        print(f"\n{name}: {figures(outcome)}")
        print(*(f"  {mail.partition(' | ')[0]}" for mail in outcome.mails), sep="\n")
    print(f"\ncalls: {trouble.calls / peace.calls:.2f} times those in peace")
    print(*wrong, sep="\n")
    print("WRONG" if wrong else "all as it should be")
    raise SystemExit(bool(wrong))


def planned(days: int, accounts: int, courses: int, seed: int, step: int) -> Plan:
    """The troubles of the full length, or shorter ones one after the other."""
    plan = Plan(days=days, accounts=accounts, courses=courses, seed=seed, step=step)
    if days >= sum(plan.away) + 3:
        return plan
    return replace(plan, dead=(1, 2), off=(4, 1), away=(6, 1), course=1, filled=12, days=max(days, 8))


def lived(home: Path, plan: Plan) -> Outcome:
    """A life, with a line for each day."""
    name, begun = home.name, time.monotonic()
    return live(
        home, plan, lambda said: print(f"{time.monotonic() - begun:6.0f} s {name} {said}", flush=True)
    )


def judge(plan: Plan, peace: Outcome, trouble: Outcome) -> list[str]:
    """What is not as it should be."""
    wrong = [
        f"{name}: {each}" for name, life in (("peace", peace), ("trouble", trouble)) for each in life.wrong
    ]
    wrong += [f"a tick failed: {each}" for each in (*peace.errors, *trouble.errors)]
    calm, troubled = exported(peace.home), exported(trouble.home)
    differ = sorted(name for name in calm.keys() | troubled.keys() if calm.get(name) != troubled.get(name))
    wrong += [f"another file than in peace: {name}" for name in differ]
    wrong += mails_wrong(plan, trouble)
    wrong += [f"a message in peace: {mail[:300]}" for mail in peace.mails]
    if trouble.calls > MOST_CALLS * peace.calls:
        wrong.append(f"{trouble.calls} calls, {peace.calls} in peace")
    return wrong


def mails_wrong(plan: Plan, trouble: Outcome) -> list[str]:
    """One message for each trouble and one for its end, and no other."""
    expected = Counter(
        f"[video-analytics] {word}: {title}"
        for title in (
            f"Brightcove {plan.names[1]} cannot be read",
            "The daemon does not run",
            "Delivery to reports fails",
        )
        for word in ("Problem", "Over")
    )
    told = Counter(mail.partition(" | ")[0] for mail in trouble.mails)
    wrong = [f"{number} of the message {title!r}" for title, number in (told - expected).items()]
    return wrong + [f"the message {title!r} was not sent" for title in expected - told]


if __name__ == "__main__":
    main()
