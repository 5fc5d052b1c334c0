"""One line of the benchmark table."""

import resource
import sys


def line(name: str, measured: float, asked: float, unit: str, *, more_is_better: bool = False) -> None:
    ratio = measured / asked if more_is_better else asked / measured
    print(f"{name:<46} {measured:>12,.1f} {unit:<5} {asked:>12,.1f} {unit:<5} {ratio:>6.2f}x", flush=True)


def note(text: str) -> None:
    print(f"    {text}", flush=True)


def peak_megabytes() -> float:
    """Peak memory of this process (ru_maxrss counts KiB on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
