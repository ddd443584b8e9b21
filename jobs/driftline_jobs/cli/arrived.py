"""``driftline arrived``: is there anything to read of a window yet?"""

from __future__ import annotations

from driftline_jobs.cli import options
from driftline_jobs.cli.console.reporter import open_reporter
from driftline_jobs.cli.options import LogFormat
from driftline_schemas.errors import TransientError


def arrived(
    monitor_file: options.MonitorFile,
    period: options.Period,
    *,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Say whether the log has objects of a window: exit status 0 if so, 4 if none has arrived yet."""
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_jobs.sources.listing.arrivals import arrived as objects_of
        from driftline_schemas.monitor import load_monitor

        monitor = load_monitor(monitor_file)
        window = monitor.calendar.parse(period)
        found = objects_of(monitor, window, monitor_file.resolve().parent)
        if not found:
            raise TransientError(
                f"{monitor.monitor}: nothing of {period} has arrived in {monitor.logs.uri} yet"
            )
        size = sum(one.size_bytes for one in found)
        progress.answer(
            f"{monitor.monitor}: {_count(len(found))} of {period}, {size / 1e6:,.1f} MB",
            "arrived",
            monitor=monitor.monitor,
            window_start=window.start,
            objects=len(found),
            size_bytes=size,
        )


def _count(objects: int) -> str:
    return "1 object" if objects == 1 else f"{objects:,} objects"
