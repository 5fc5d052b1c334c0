"""A home, a folder of old files, and the command on both."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from video_analytics.importing import import_command
from video_analytics.lake import Lake


@dataclass(frozen=True)
class Told:
    """What the command said: its exit code, its words, its report by file."""

    code: int
    output: str
    report: dict[str, dict[str, Any]]

    def of(self, name: str) -> tuple[int, int, int | None]:
        """Rows of a file that were taken, were there, were refused."""
        row = self.report[name]
        return row["rows_taken"], row["rows_there"], row["rows_refused"]

    def why(self, name: str) -> str:
        """All that was said of a file."""
        return " · ".join(self.report[name]["reason"])


@dataclass(frozen=True)
class Place:
    """The old folder and the new home."""

    old: Path
    home: Path

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    def run(self, *options: str, env: Mapping[str, str] | None = None) -> Told:
        """Import, and read what was said; no exception passes. `env` points at a simulated vendor."""
        arguments = ["--from", str(self.old), "--home", str(self.home), "--json", *options]
        result = CliRunner().invoke(import_command, arguments, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.output.startswith("{"), result.output
        report = {row["file"]: row for row in json.loads(result.output)["files"]}
        return Told(result.exit_code, result.output, report)

    def report(self) -> list[dict[str, str]]:
        """The report people open."""
        path = self.home / "exports" / "import" / "report.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
