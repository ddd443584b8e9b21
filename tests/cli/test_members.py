"""Members of other distributions on the command line: a fault of one ends in exit 2 and says whose it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.end_to_end.builder import Bench, day
from tests.extensions import Install

from driftline_schemas.extensions import ENGINES, SOURCES, STORES, Registry

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(invoke: Invoke, tmp_path: Path) -> Callable[[Registry, str], tuple[int, str]]:
    """Run a window with the member of this name: the exit status, and what was said."""

    def run(registry: Registry, name: str) -> tuple[int, str]:
        bench = Bench(tmp_path, {"logs": {"format": name}} if registry is SOURCES else {})
        bench.days(0, 4)
        store = f"{name}:///{tmp_path}/store" if registry is STORES else bench.store_url
        engine = name if registry is ENGINES else "local"
        period = ["--period", f"{day(4):%Y-%m-%d}", "--store", store, "--engine", engine]
        status, _, said = invoke("run", bench.monitor_file(), *period)
        return status, " ".join(said.split())

    return run


@pytest.mark.parametrize("registry", [STORES, ENGINES, SOURCES], ids=lambda registry: registry.noun)
def test_faults_of_members_end_in_exit_2(
    run: Callable[[Registry, str], tuple[int, str]], install: Install, registry: Registry
) -> None:
    status, said = run(registry, "mine")
    assert status == 2
    assert f"Known: {', '.join(registry.built_in)}" in said
    assert f"(an entry point of {registry.group})" in said

    install(registry.group, "raise RuntimeError('it is broken')\n")
    status, said = run(registry, "mine")
    assert status == 2
    assert f"the {registry.noun} 'some_thing:MEMBER' of some-thing cannot be loaded: it is broken" in said

    taken = next(iter(registry.built_in))
    install(registry.group, name=taken, of="other")
    status, said = run(registry, taken)
    assert status == 2
    assert f"of other-thing has the name '{taken}', which is taken" in said
