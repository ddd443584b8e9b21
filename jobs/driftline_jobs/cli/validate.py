"""``driftline validate``: is the monitor file right, and does the log have what it names?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from driftline_jobs.cli import options
from driftline_jobs.cli.console.reporter import in_a_line, open_reporter
from driftline_jobs.cli.options import LogFormat
from driftline_schemas.errors import ConfigError, TransientError

if TYPE_CHECKING:
    from driftline_jobs.pipeline.validate.check import FolderCheck, LogCheck
    from driftline_schemas.monitor import Monitor

_GUESSABLE = 16


def validate(
    monitor_file: options.MonitorFile,
    *,
    log_format: options.LogFormatOption = LogFormat.TEXT,
    debug: options.Debug = False,
) -> None:
    """Check a monitor file, and its log's and labels' columns if they can be reached."""
    with open_reporter(log_format, debug=debug) as progress:
        from driftline_schemas.monitor import load_monitor

        monitor = load_monitor(monitor_file)
        progress.stage("looking at the log")
        remarks = list(_about_salt(monitor))
        lines = [f"{monitor.monitor}: the monitor file is right", *_about(monitor)]
        lines += [_line("look at", f"! {remark}") for remark in remarks]
        try:
            from driftline_jobs.pipeline.validate.check import check_log

            found = check_log(monitor, monitor_file.resolve().parent)
            faults = [remark.text for remark in found.remarks if remark.is_fault]
            if faults:
                raise ConfigError("\n".join((f"{monitor_file} does not fit its data", *faults)))
            remarks += [remark.text for remark in found.remarks]
            lines += _found(found)
            reached = True
        except TransientError as error:
            # The file can be right while a server is down: that is said, and is no fault of the file.
            progress.event("not_reached", reason=str(error))
            lines.append("the log could not be reached, so its columns were not checked")
            reached = False
        answer = "\n".join(lines)
        progress.answer(answer, "valid", monitor=monitor.monitor, log_checked=reached, remarks=remarks)


def _about_salt(monitor: Monitor) -> Iterator[str]:
    """What is wrong with the salt. A file may be checked where the deployment's secrets are not."""
    from driftline_jobs.profiles.columns.hiding import hiding_of
    from driftline_schemas.settings import load_settings

    try:
        salt = hiding_of(monitor.features, load_settings()).salt
    except ConfigError as error:
        yield " ".join(str(error).split())
        return
    if 0 < len(salt) < _GUESSABLE:
        yield (
            f"DRIFTLINE_SALT has {len(salt)} characters: whoever guesses it can tell what hashes stand for; "
            "make one by `openssl rand -hex 32`"
        )


def _about(monitor: Monitor) -> list[str]:
    reference = monitor.reference
    what: str = reference.kind
    if reference.window is not None:
        what = f"{reference.window[0]:%Y-%m-%d %H:%M} to {reference.window[1]:%Y-%m-%d %H:%M} UTC"
    return [
        _line("task", monitor.task_spec.title),
        _line("windows", f"{monitor.granularity.value}, {monitor.timezone}"),
        _line("reference", what.replace("_", " ")),
    ]


def _found(check: LogCheck) -> list[str]:
    lines = _folder("logs", check.log)
    if check.labels is not None:
        lines += _folder("labels", check.labels)
    if check.reference is not None:
        lines += _folder("reference", check.reference)
    lines += [_line(kind, ", ".join(names)) for kind, names in check.kinds.items()]
    lines += [_line("left out", f"{name}: {reason}") for name, reason in check.left_out.items()]
    return lines + [_line("look at", f"! {remark.text}") for remark in check.remarks]


def _folder(name: str, check: FolderCheck) -> list[str]:
    sampled = f", {check.examined} of them looked at" if check.examined < check.objects else ""
    size = (
        f"{check.objects:,} objects, {check.size_bytes / 1e6:,.1f} MB{sampled}"
        if check.objects
        else "no objects yet"
    )
    return [
        _line(name, f"{check.uri} ({size})"),
        *(_line("", f"passed over: {text}") for text in check.passed_over),
        *(_line("", f"! {remark}") for remark in check.remarks),
    ]


def _line(name: str, text: str) -> str:
    return f"  {in_a_line(name):12} {in_a_line(text)}"
