"""Prints every benchmark as one table, with machine and versions.

    python -m video_analytics_tests.benchmarks                 all (about twenty minutes on two cores)
    python -m video_analytics_tests.benchmarks backfill        only those named

Each benchmark runs in a process of its own, so that its peak memory is its own.
"""

import importlib.metadata
import os
import platform
import subprocess
import sys

from video_analytics_tests.benchmarks import (
    backfill,
    consolidation,
    coverage,
    daily,
    night,
    pages,
    retention,
    ui,
)

BENCHMARKS = {
    "backfill": backfill.main,
    "consolidation": consolidation.main,
    "coverage": coverage.main,
    "daily": daily.main,
    "night": night.main,
    "pages": pages.main,
    "retention": retention.main,
    "ui": ui.main,
}
PACKAGES = ("dagster", "duckdb", "pyarrow", "msgspec", "requests")


def main(names: list[str]) -> None:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}\n")
    print(f"{'benchmark':<46} {'measured':>18} {'asked for':>18} {'ratio':>7}")
    for name in names or BENCHMARKS:
        subprocess.run([sys.executable, "-m", __package__, "--alone", name], check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        BENCHMARKS[sys.argv[2]]()
    else:
        main(sys.argv[1:])
