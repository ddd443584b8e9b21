"""axe-core in a page: the accessibility faults it finds, by how bad they are."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SERIOUS = frozenset({"serious", "critical"})


@cache
def _script() -> str:
    """The axe.min.js that comes in the wheel. The package itself is not needed."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """Serious and critical faults, each with the first elements it is found in."""
    page.evaluate(_script())
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']} ({fault['impact']}): {[node['html'][:200] for node in fault['nodes'][:3]]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
    ]
