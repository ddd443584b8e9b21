"""The drill-down: Evidently's report over a sample, with nothing in it that could run or must not be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from playwright.sync_api import Browser
from tests.reports.hostile_inputs import HOSTILE
from tests.reports.sample_story import monitor

from driftline_reports.drilldown import DrilldownInputs, render_drilldown

# Evidently and what it brings warn of their own doings; none of that is ours.
pytestmark = pytest.mark.filterwarnings("ignore")

SCRIPT = "</script><script>window.pwned=1</script>"
KINDS = {
    "number": "numeric",
    "unsigned": "numeric",
    "nullable": "numeric",
    "decimal": "numeric",
    "odd": "numeric",
    "when": "datetime",
    "flag": "boolean",
    "text": "categorical",
    "many": "text",
    SCRIPT: "categorical",
    "empty": "categorical",
    "zip": "categorical",
    "income": "numeric",
    "mixed": "categorical",
}


def table(count: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "number": rng.normal(seed, 1, count),
            "unsigned": pa.array(rng.integers(0, 9, count), pa.uint16()),
            "nullable": pa.array([None if n % 7 == 0 else n for n in range(count)], pa.int64()),
            "decimal": pa.array(range(count)).cast(pa.decimal128(25, 2)),
            "odd": np.where(rng.random(count) > 0.9, np.inf, rng.random(count)),
            "when": pa.array(np.arange(count) * 60, pa.timestamp("s")),
            "flag": rng.random(count) > 0.5,
            "text": pa.array([HOSTILE[n % len(HOSTILE)] for n in range(count)]).dictionary_encode(),
            "many": [f"v{n}" for n in range(count)],
            SCRIPT: rng.choice(["x", "y"], count),
            "empty": pa.nulls(count, pa.string()),
            "zip": [f"h:{n % 5:016x}" for n in range(count)],
            "income": rng.integers(73_219, 73_230, count),
            "mixed": ["10115" if n == 3 else f"h:{n % 5:016x}" for n in range(count)],
            "unnamed": rng.normal(size=count),
        }
    )


def inputs(count: int = 400) -> DrilldownInputs:
    watched = monitor(features={"sensitive": ["zip", "income", "mixed"]})
    return DrilldownInputs(
        monitor=watched,
        window=watched.calendar.parse("2013-07-01"),
        current=table(count, 1),
        reference=table(count, 2),
        kinds=KINDS,
        rows_current=31_415,
        rows_reference=27_182,
        page_link="2013-07-01.html",
    )


@pytest.fixture(scope="module")
def html() -> str:
    return render_drilldown(inputs())


def test_the_same_sample_gives_the_same_bytes(html: str) -> None:
    assert render_drilldown(inputs()) == html


def test_it_says_that_it_is_a_sample_and_what_is_left_out(html: str) -> None:
    assert "This is a sample: 400 of 31\u202f415 rows of the window beside 400 of 27\u202f182" in html
    assert "Left out: empty (all missing), income (sensitive), mixed (sensitive)." in html
    assert 'href="2013-07-01.html"' in html


def test_sensitive_values_are_hashes_or_absent(html: str) -> None:
    assert "h:0000000000000004" in html
    assert "10115" not in html
    assert "73219" not in html


def test_it_opens_runs_nothing_of_the_data_and_asks_for_nothing(
    html: str, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "drilldown.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    # Every kind of column is there: none was left out in silence.
    page.get_by_text("Data Drift Summary").wait_for()
    seen = page.evaluate("document.body.innerText")
    for name in ("number", "unsigned", "nullable", "decimal", "odd", "when", "flag", "text", "many", "zip"):
        assert name in seen
    assert page.evaluate("window.pwned") is None
    assert [url for url in requests if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    assert complaints == []
    page.close()


def test_without_rows_there_is_a_page_that_says_so() -> None:
    given = inputs(0)
    page = render_drilldown(given)
    assert "There are no rows to compare." in page
    assert "script-src 'none'" in page
