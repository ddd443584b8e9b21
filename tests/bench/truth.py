"""Which known faults are found, how soon, at what price in false messages: this beside Evidently and NannyML.

    python tests/bench/truth.py [--cases generated] [--tools driftline nannyml] [--faults nulls "slow drift"]

One definition for all. A tool's *words* on a day are what it says is beyond a limit (of Driftline: incidents
that opened or got worse), the first word first. A fault is *found* on the first day on which the tool has a
word that it has not on the clean log's same day; the first of these is *right* if it names a column that was
changed, or the cause. A *message* is a day of the clean log with a word that was not there the day before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.bench import nannyml_python
from tests.bench.truth_data import Case, flights, generated
from tests.bench.truth_faults import FAULTS, write_case

HERE = Path(__file__).parent
TOOLS = ("driftline", "evidently", "nannyml")
MONTH = 30
Words = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Of one fault: windows until it was found, from one on, or None; whether the first word was right."""

    after: int | None
    right: bool
    word: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it stands in the table: bold where the first word was right."""
        return "–" if self.after is None else f"**{self.after}**" if self.right else str(self.after)


def judge(case: dict[str, Any], name: str, said: dict[str, Words]) -> Verdict:
    """Whether a tool has found a fault."""
    at = case["fault_at"]
    for number, day in enumerate(case["dates"][at : at + case["days_of"][name]], start=1):
        known = said["clean"].get(day, [])
        new = [word for word in said[name].get(day, []) if word not in known]
        if new:
            return Verdict(number, is_right(new[0], case["right"][name]), tuple(new[0]))
    return Verdict(None, right=False)


def is_right(word: Sequence[str], right: Sequence[Sequence[str]]) -> bool:
    """Whether a word (kind and name first) is among the right ones; ``*`` there stands for any."""
    return any(
        kind in {"*", word[0]} and (name in {"*", word[1]}) and (kind, name) != ("*", "*")
        for kind, name in right
    )


def messages(said: Words, days: Sequence[str]) -> float:
    """Messages a month on the clean log."""
    before: list[list[str]] = []
    count = 0
    for day in days:
        words = said.get(day, [])
        count += any(word not in before for word in words)
        before = words
    return count * MONTH / len(days)


def run_tool(
    tool: str, folder: Path, faults: Sequence[str], environments: Path
) -> dict[str, dict[str, Words]]:
    """What a tool's script says, in a process of its own."""
    python = str(nannyml_python(environments)) if tool == "nannyml" else sys.executable
    command = [python, str(HERE / f"truth_{tool}.py"), str(folder), "--faults", *faults]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stderr[-3000:]}")
    said: dict[str, dict[str, Words]] = json.loads(done.stdout.splitlines()[-1])
    return said


def judged(folder: Path, said: dict[str, dict[str, Words]], faults: Sequence[str]) -> dict[str, Any]:
    """Of each tool: its verdicts, and its messages a month."""
    case: dict[str, Any] = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for tool, words in said.items():
        days = words["clean"].pop("seen", None) or case["dates"][case["reference_days"] :]
        verdicts = {name: judge(case, name, words) for name in faults}
        found[tool] = {"verdicts": verdicts, "messages": messages(words["clean"], days)}
    return found


def table(found: dict[str, dict[str, Any]], faults: Sequence[str]) -> Iterator[str]:
    """The table: a row a fault, a column a tool and log."""
    heads = [(tool, case) for case, tools in found.items() for tool in tools]
    yield "| fault | " + " | ".join(f"{tool}, {case}" for tool, case in heads) + " |"
    yield "| --- |" + " --- |" * len(heads)
    cells = [found[case][tool] for tool, case in heads]
    for name in faults:
        yield f"| {name} | " + " | ".join(str(cell["verdicts"][name]) for cell in cells) + " |"
    counted = [list(cell["verdicts"].values()) for cell in cells]
    number = [f"{sum(one.after is not None for one in verdicts)} of {len(faults)}" for verdicts in counted]
    yield "| found in time | " + " | ".join(number) + " |"
    yield "| right word first | " + " | ".join(str(sum(one.right for one in of)) for of in counted) + " |"
    yield "| messages in 30 clean days | " + " | ".join(f"{cell['messages']:.1f}" for cell in cells) + " |"


def cases_of(names: Sequence[str], root: Path) -> Iterator[Case]:
    """The logs by name."""
    for name in names:
        yield generated() if name == "generated" else flights(root)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--cases", nargs="+", default=["generated", "flights"], choices=["generated", "flights"]
    )
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=TOOLS)
    parser.add_argument("--faults", nargs="+", default=list(FAULTS), choices=list(FAULTS))
    parser.add_argument("--dir", type=Path, help="where to keep the logs; by default they are thrown away")
    parser.add_argument("--environments", type=Path, default=HERE.parents[1], help="where NannyML's is made")
    parser.add_argument("--json", type=Path, help="where to write the same as JSON, with the first words")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="driftline-truth-") as scratch, ThreadPoolExecutor(2) as two:
        root = (asked.dir or Path(scratch)).absolute()
        folders = {case.name: write_case(case, asked.faults, root) for case in cases_of(asked.cases, root)}
        # the slowest first
        pairs = [(tool, name) for tool in sorted(asked.tools, reverse=True) for name in folders]
        pairs.sort(key=lambda pair: pair[0] != "evidently")
        jobs = {
            pair: two.submit(run_tool, pair[0], folders[pair[1]], asked.faults, asked.environments.absolute())
            for pair in pairs
        }
        found: dict[str, dict[str, Any]] = {name: {} for name in folders}
        for tool in asked.tools:
            for name, folder in folders.items():
                found[name] |= judged(folder, jobs[tool, name].result(), asked.faults)
    for line in table(found, asked.faults):
        sys.stdout.write(line + "\n")
    if asked.json:
        asked.json.write_text(
            json.dumps(found, default=lambda one: [one.after, one.right, one.word], indent=1)
        )


if __name__ == "__main__":
    main()
