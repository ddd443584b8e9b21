"""Whether alarms keep their promise, end to end: what is reported on clean days, and on days with a fault.

    python tests/bench/alarms.py [--only clean faults small season] [--seeds 20] [--days 200] [--rows 2000 …]
        [--references "fixed 28" …] [--dependence independent …] [--rates 0.01 0.05] [--faults "2 % nulls" …]

Every log is made, run through the command, and read from the tables: clean days, faults on one day, small
drifts that stay (after how many days), and a year with a season. One table of it all.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import beta
from tests.bench.alarm_logs import (
    BY_THE_HOUR,
    DEPENDENCE,
    FAULTS,
    FIRST,
    REFERENCES,
    SMALL,
    YEAR,
    Log,
    kept_up,
    masked,
    monitor_file,
    run,
)

_NEW = """
    SELECT window_start, column_name, metric, segment, json_extract_string(evidence, '$.metric') AS leading
    FROM current_alerts WHERE window_start = first_window AND state <> 'resolved'
"""


_FIXED = """
    SELECT count(DISTINCT window_start) FROM current_drift_metrics WHERE column_name = 'x00' AND segment = '*'
    AND comparison = 'reference' AND metric = 'psi' AND threshold_source LIKE 'fixed%'
"""


@dataclass
class Promise:
    """What clean windows raised."""

    windows: int = 0
    alarmed: int = 0
    uncalibrated: int = 0
    by: Counter[str] = field(default_factory=Counter)

    def add(self, seed: int, days: int, dependence: str, reference: str, rate: float) -> None:
        """Make a log of so many days after the reference, run it, and count."""
        with tempfile.TemporaryDirectory() as folder:
            root, first = Path(folder), REFERENCES[reference][0]
            Log(seed, first + days, dependence=dependence).write(root)
            monitor, _ = monitor_file(root, reference, rate)
            with run(root, monitor, first, first + days - 1) as tables:
                found = tables.execute(_NEW).fetchall()
                (fixed,) = tables.execute(_FIXED).fetchone() or (0,)
        self.uncalibrated += fixed
        self.windows += days
        self.alarmed += len({row[0] for row in found})
        self.by.update(f"{row[4] or row[2]}" for row in found)

    @property
    def least(self) -> float:
        """The least that the share is with 95 % confidence (Clopper and Pearson)."""
        if not self.alarmed:
            return 0.0
        return float(beta.ppf(0.05, self.alarmed, self.windows - self.alarmed + 1))

    def line(self) -> str:
        """The share, the least that it is with 95 % confidence, and what led."""
        led = ", ".join(f"{name} {count}" for name, count in self.by.most_common(6))
        return f"{self.alarmed / self.windows:.2%} | {self.least:.2%} | {self.uncalibrated} | {led}"


def clean(args: argparse.Namespace) -> Iterator[str]:
    """Windows with any new alert, of clean days."""
    for reference, dependence, rate in product(args.references, args.dependence, args.rates):
        promise = Promise()
        for seed in range(args.seeds):
            promise.add(seed, args.days, dependence, reference, rate)
        share, least, uncalibrated, led = promise.line().split(" | ")
        what = f"clean, {dependence}, budget {rate:.0%}"
        yield _line(what, 2000, reference, f"{share} of {promise.windows:,} windows (at least {least})", led)
        if uncalibrated != "0":
            yield _line("of these without a calibration", 2000, reference, uncalibrated)


def _line(what: str, rows: int, reference: str, found: str, more: str = "") -> str:
    return f"| {what} | {rows:,} | {reference} | {found} | {more} |"


_STAY = 40
"""Days that a small drift is waited for."""


def faulty(args: argparse.Namespace) -> Iterator[str]:
    """On how many of the seeds a fault on one day is found on it, or within two."""
    for rows, reference, name in product(args.rows, _fixed(args), args.faults):
        found = [found_on(seed, rows, reference, name) for seed in range(args.seeds)]
        on_it, within = sum(0 in at for at in found), sum(bool(at & {0, 1}) for at in found)
        counts = f"{on_it} of {args.seeds} on its day, {within} within two"
        yield _line(name, rows, reference, counts)


def _fixed(args: argparse.Namespace) -> list[str]:
    return [name for name in args.references if name.startswith("fixed")]


def found_on(seed: int, rows: int, reference: str, name: str) -> set[int]:
    """The days, counted from the fault's first, on which it is under an alert."""
    fault, column = FAULTS[name]
    by_hour = name in BY_THE_HOUR
    days = REFERENCES[reference][0]
    first = days + 2
    log = Log(seed, days + 4, rows, spread_of_rows=0.05, labels=False, cycle=0.6 if by_hour else 0.0)
    log.faults = {first: fault, first + 1: fault}
    return _alerted(log, reference, column or "*", first, base="hour" if by_hour else "day")


def _alerted(log: Log, reference: str, column: str, first: int, *, base: str = "day") -> set[int]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        log.write(root)
        monitor, days = monitor_file(root, reference, 0.01, labels=False, base=base)
        with run(root, monitor, days, log.days - 1) as tables:
            starts = tables.execute(_UNDER_ALERT, [column]).fetchall()
    begun = (FIRST + timedelta(days=first)).replace(tzinfo=None)
    return {(start - begun).days for (start,) in starts}


def small(args: argparse.Namespace) -> Iterator[str]:
    """After how many days a small drift that stays is under an alert: half of the seeds, and nine of ten."""
    for rows, reference, (name, (fault, column)) in product(args.rows, _fixed(args), SMALL.items()):
        delays = []
        for seed in range(args.seeds):
            first = REFERENCES[reference][0] + 2
            log = Log(seed, first + _STAY, rows, labels=False)
            log.faults = dict.fromkeys(range(first, first + _STAY), fault)
            if name.startswith("nulls"):
                log.faults = dict.fromkeys(range(first), kept_up(column, masked(0.05))[0]) | log.faults
            at = [day for day in _alerted(log, reference, column, first) if day >= 0]
            delays.append(min(at, default=_STAY) + 1)
        half, most = np.quantile(delays, [0.5, 0.9], method="inverted_cdf").tolist()
        yield _line(name, rows, reference, f"after {half} days, nine of ten after {most}")


def season(args: argparse.Namespace) -> Iterator[str]:
    """Days of the second year with a new alert, where the first goes up and down with the seasons."""
    for reference in (YEAR, "trailing 28", "same weekday 8"):
        first, new = REFERENCES[reference][0], []
        for seed in range(args.season_seeds):
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                Log(seed, first + 365, 1000, labels=False, season=0.3).write(root)
                monitor, _ = monitor_file(root, reference, 0.01, labels=False)
                with run(root, monitor, first, first + 364) as tables:
                    new.append(len({row[0] for row in tables.execute(_NEW).fetchall()}))
        yield _line("a sine of .3 sd over the year", 1000, reference, f"{new} of 365 days with a new alert")


_UNDER_ALERT = """
    SELECT window_start FROM current_alerts
    WHERE state <> 'resolved' AND column_name = ? AND metric <> 'moves_by_nature'
"""


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    "clean": clean,
    "faults": faulty,
    "small": small,
    "season": season,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = [name for name in REFERENCES if name != YEAR]
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--season-seeds", type=int, default=2)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--rows", type=int, nargs="+", default=[2000, 20_000])
    parser.add_argument("--references", nargs="+", default=usual, choices=usual)
    parser.add_argument("--dependence", nargs="+", default=list(DEPENDENCE), choices=list(DEPENDENCE))
    parser.add_argument("--rates", type=float, nargs="+", default=[0.01, 0.05])
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=list(PARTS))
    args = parser.parse_args(argv)
    print("| what | rows a day | reference | found | led by |")  # noqa: T201
    print("| --- | --- | --- | --- | --- |")  # noqa: T201
    for part in args.only:
        for line in PARTS[part](args):
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
