"""Deliveries that are killed: `python -m video_analytics_tests.delivery.cutting FOLDER KILLS`.

A process of its own without threads, so that it can fork children which have everything loaded. Prints what
was found after each kill as JSON: whether the files were whole, and which versions they were of.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from video_analytics.settings import Route, Settings
from video_analytics_tests.delivery.world import delivered, export, files_below, home_with

FILES, COPIES = 3, 200_000


def version(number: int) -> bytes:
    return f"{number:08}".encode() * COPIES


def is_whole(content: bytes) -> bool:
    return content == version(int(content[:8] or b"0"))


def settings_below(folder: Path) -> Settings:
    route = Route(name="d", source="brightcove/daily/*", share="s", folder="f", business_unit="R")
    return home_with(folder / "home", "s", routes=[route], attempts=1)


def export_all(settings: Settings, number: int) -> None:
    for file in range(FILES):
        export(settings, f"brightcove/daily/{file}.csv", version(number))


def killed_delivery(settings: Settings, after: float) -> bool:
    """Deliver in a child that is killed; whether it was before it had finished."""
    child = os.fork()
    if not child:
        delivered(settings)
        os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(folder: Path, kills: int) -> None:
    chance, settings, met = random.Random(3), settings_below(folder), list[dict[str, Any]]()
    export_all(settings, 0)
    delivered(settings)
    started = time.monotonic()
    export_all(settings, 1)
    delivered(settings)
    whole_run = time.monotonic() - started
    number = 1
    while len(met) < kills:
        number += 1
        export_all(settings, number)
        if not killed_delivery(settings, chance.uniform(0, whole_run)):
            continue
        held = files_below(folder / "s")
        final = {name: content for name, content in held.items() if "/.va-" not in name}
        met.append(
            {
                "whole": all(map(is_whole, final.values())) and len(final) == FILES,
                "new": sum(int(content[:8]) == number for content in final.values()),
                "temporary": len(held) - len(final),
            }
        )
        if chance.random() < 0.5:  # else the next delivery finds what several have left
            report = delivered(settings)
            equal = set(files_below(folder / "s").values()) == {version(number)}
            met[-1]["mended"] = report.ok and equal and len(files_below(folder / "s")) == FILES
    sys.stdout.write(json.dumps(met))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
