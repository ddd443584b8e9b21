"""Runs of the cases through the whole command, in this process, and what they leave in the tables."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.cases.catalogue import CASES
from tests.cases.oracles import raw_rows
from tests.cases.writing import CaseFolder, Frame, day
from tests.reports.readback import read

from driftline_jobs.cli import main
from driftline_jobs.stores import open_store

AS_OF = "2026-03-01"
"""Every window of every case is older than ``mature_after`` then."""

Row = dict[str, Any]
Edit = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Said:
    """A command's exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything a person reads of it."""
        return self.out + self.err


def command(*arguments: str | Path) -> Said:
    """Call a command as a shell does, but in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return Said(left.value.code, out.getvalue(), err.getvalue())


def remarks(said: Said) -> str:
    """What ``validate`` remarks on: the lines that it marks, or the error that it ends with."""
    marked = [line for line in said.out.splitlines() if re.match(r"\s+(look at\s+)?! ", line)]
    _, error, why = said.err.partition("error:")
    return "\n".join([*marked, error + why]).strip()


@dataclass(frozen=True)
class Ran:
    """A run of a case: what the command said, and its tables. Days are numbers, 0 the reference's first."""

    folder: CaseFolder
    said: Said
    store: str

    def raw(self, number: int) -> Frame:
        """The raw rows of a day."""
        return raw_rows(self.folder.root, number)

    def current(self, table: str, number: int | None = None, **where: object) -> Frame:
        """Current rows of all rows as one cell, of one day if given, where the columns have the values."""
        start, end = (None, None) if number is None else (midnight(number), midnight(number + 1))
        with closing(open_store(self.store)) as store:
            rows: Frame = store.current(table, "case", start=start, end=end).to_pandas()
        for name, value in {"model_version": "*", "segment": "*", **where}.items():
            rows = rows[rows[name] == value]
        return rows

    def one(self, table: str, number: int, **where: object) -> Row:
        """The one current row there must be."""
        return only(self.current(table, number, **where))

    def performance(
        self, number: int, metric: str, class_label: str | None = None, kind: str = "realized"
    ) -> Row:
        """A figure of performance, of the model as a whole unless a class is named."""
        rows = self.current("performance_metrics", number, metric=metric, kind=kind, windows=1)
        of_class = rows["class_label"].isna() if class_label is None else rows["class_label"] == class_label
        return only(rows[of_class])

    def described(self, number: int, column: str, **where: object) -> Row:
        """What a column looks like."""
        return self.one("profile_metrics", number, column_name=column, **where)

    def drift(self, number: int, column: str, metric: str) -> Row:
        """How far a column is from the reference."""
        return self.one("drift_metrics", number, column_name=column, metric=metric, comparison="reference")

    def failed(self, number: int) -> dict[tuple[str, str], float]:
        """Failed checks of a day: their values by column and check."""
        rows = self.current("quality_metrics", number)
        rows = rows[rows["passed"].eq(False)]
        return dict(
            zip(zip(rows["column_name"], rows["check_name"], strict=True), rows["value"], strict=True)
        )

    def alerts(self, number: int) -> list[Row]:
        """Alerts under way in a day; ``evidence`` as an object."""
        rows = self.current("alerts", number)
        rows = rows[rows["state"] != "resolved"]
        return [
            {str(name): json.loads(value) if name == "evidence" else value for name, value in row.items()}
            for row in rows.to_dict("records")
        ]

    def count(self, sql: str) -> int:
        """The number a query gives."""
        with closing(open_store(self.store)) as store:
            return int(store.execute_read(sql).column(0)[0].as_py())


def midnight(number: int) -> datetime:
    """The instant a day begins, in UTC."""
    return datetime.combine(day(number), time(), UTC)


def only(rows: Frame) -> Row:
    """The one row there must be; nulls are None."""
    assert len(rows) == 1, rows.to_string()
    return {
        str(name): None if pd.api.types.is_scalar(value) and pd.isna(value) else value
        for name, value in rows.iloc[0].items()
    }


@dataclass
class Cases:
    """Every case written, validated and run at most once. Nothing may be written into their folders after."""

    root: Path
    _folders: dict[str, CaseFolder] = field(default_factory=dict)
    _said: dict[tuple[str, ...], Said] = field(default_factory=dict)

    def folder(self, name: str) -> CaseFolder:
        """The case's folder."""
        if name not in self._folders:
            root = self.root / name
            root.mkdir()
            self._folders[name] = CaseFolder(root)
            CASES[name].write(self._folders[name])
        return self._folders[name]

    def edited(self, name: str, variant: str, edit: Edit) -> str:
        """Another monitor file for a case; its name."""
        self.folder(name).edited(f"{variant}.yaml", edit)
        return variant

    def validate(self, name: str, variant: str = "monitor") -> Said:
        """``driftline validate`` on a monitor file of the case."""
        key = ("validate", name, variant)
        if key not in self._said:
            self._said[key] = command("validate", self.folder(name).root / f"{variant}.yaml")
        return self._said[key]

    def run(
        self,
        name: str,
        variant: str = "monitor",
        store: str | None = None,
        flags: Mapping[str, str] | None = None,
    ) -> Ran:
        """``driftline run`` on the days of the case; into a DuckDB file and on this machine by default."""
        folder, case = self.folder(name), CASES[name]
        url = store or f"duckdb:///{folder.root}/{variant}.duckdb"
        flags = flags or {}
        key = ("run", name, variant, url, *(word for flag in flags.items() for word in flag))
        if key not in self._said:
            self._said[key] = command(
                *("run", folder.root / f"{variant}.yaml", "--period", case.first, "--to", case.last),
                *("--as-of", AS_OF, "--store", url),
                *(word for flag in flags.items() for word in flag),
            )
        return Ran(folder, self._said[key], url)

    def page(self, name: str, number: int, variant: str = "monitor") -> str:
        """The report of a day of a case that was run into its DuckDB file, as a person reads it."""
        ran = self.run(name, variant)
        out = ran.folder.root / "pages"
        said = command(
            *("report", ran.folder.root / f"{variant}.yaml", "--period", str(day(number))),
            *("--store", ran.store, "--out", out),
        )
        assert said.status == 0, said.text
        (written,) = out.rglob(f"*{day(number)}*.html")
        return " ".join(read(written.read_text(encoding="utf-8")).text.split())
