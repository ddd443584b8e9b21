"""The page of errors, held against the code, the README and what commands end with."""

from __future__ import annotations

from pathlib import Path

from driftline_jobs.cli.answers import _MILDEST_FIRST
from driftline_jobs.cli.errors_page import errors_page, exceptions, exit_statuses
from driftline_schemas.errors import DriftlineError

ROOT = Path(__file__).parents[2]


def test_the_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "errors.md").read_text(encoding="utf-8") == errors_page(), (
        "write it anew: python -m driftline_jobs.cli.errors_page docs/errors.md"
    )


def test_every_class_that_the_interpreter_knows_is_on_it() -> None:
    def below(kind: type[DriftlineError]) -> set[type[DriftlineError]]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    found = set(exceptions())
    ours = {kind for kind in below(DriftlineError) if kind.__module__.startswith("driftline_")}
    assert ours <= found
    page = errors_page()
    for kind in ours - {DriftlineError}:
        assert not hasattr(kind, "exit_code") or f"| `{kind.__name__}` | {kind.exit_code} |" in page


def test_the_statuses_are_those_of_the_readme_and_of_several_monitors() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for status, meaning in exit_statuses().items():
        assert f"| {status} | {meaning} |" in readme
    assert set(exit_statuses()) == set(_MILDEST_FIRST)
    assert "1, then 2, 3, 4, 10, 0" in errors_page()
    assert _MILDEST_FIRST == (0, 10, 4, 3, 2, 1)
