"""Lay out the demo's folder: serving logs, labels and the monitor file, the same bytes every time."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from driftline_schemas.errors import ConfigError

if TYPE_CHECKING:
    from driftline_jobs.pipeline.request import Progress


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where the parts of a demo lie below ``root`` (absolute)."""

    root: Path

    @property
    def logs(self) -> Path:
        """Serving logs, a folder per day."""
        return self.root / "logs"

    @property
    def labels(self) -> Path:
        """Labels, a folder per day on which they arrived."""
        return self.root / "labels"

    @property
    def monitor(self) -> Path:
        """The monitor file."""
        return self.root / "monitors" / "flight_delay.yaml"

    @property
    def store(self) -> Path:
        """The summary tables, a DuckDB file."""
        return self.root / "driftline.duckdb"

    @property
    def reports(self) -> Path:
        """The HTML pages."""
        return self.root / "reports"


def prepare(root: Path, progress: Progress) -> DemoFolder:
    """Train the model, let it serve the year, and write what it would have left behind, into ``root``.

    A folder that holds something else is refused with ``ConfigError``: nothing of the user's is touched. A
    monitor file that is there is kept, since it is there to be edited.
    """
    from driftline_jobs.demo.features import flight_requests
    from driftline_jobs.demo.flights import read_flights
    from driftline_jobs.demo.model import score_requests
    from driftline_jobs.demo.serving import write_serving_logs

    folder = DemoFolder(root.expanduser().absolute())
    _refuse_what_is_not_ours(folder)
    progress.stage("reading a year of flights")
    requests = flight_requests(read_flights())
    progress.stage("training two model versions")
    answered = score_requests(requests)
    _write_monitor_once(folder)
    write_serving_logs(answered, folder.logs, folder.labels, progress)
    return folder


def _refuse_what_is_not_ours(folder: DemoFolder) -> None:
    if folder.root.exists() and not folder.root.is_dir():
        raise ConfigError(f"--dir {folder.root} is a file: name a folder for the demo")
    if folder.root.exists() and any(folder.root.iterdir()) and not folder.monitor.exists():
        raise ConfigError(
            f"--dir {folder.root} is not empty and holds no demo: name a new or an empty folder"
        )


def _write_monitor_once(folder: DemoFolder) -> None:
    """Write the monitor file before any other: it marks the folder as a demo's, should we be interrupted."""
    if not folder.monitor.exists():
        monitor = resources.files("driftline_jobs.demo").joinpath("flight_delay.yaml").read_bytes()
        folder.monitor.parent.mkdir(parents=True)
        folder.monitor.write_bytes(monitor)
