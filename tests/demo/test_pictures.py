"""What README and docs show: the flights' reports of some days and the index, as a browser draws them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.conftest import DemoRun
from tests.reports.readback import read

from driftline_jobs.cli import main

DAYS = ("2013-12-31", "2013-09-28", "2013-05-19", "2013-04-09", "2013-12-30")


@pytest.fixture(scope="module")
def reports(demo_run: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of some days of the demo, in a folder of their own."""
    folder = tmp_path_factory.mktemp("reports")
    for day in DAYS:
        with pytest.raises(SystemExit) as left:
            main(
                [
                    *("report", str(demo_run.folder / "monitors" / "flight_delay.yaml"), "--period", day),
                    *("--store", f"duckdb:///{demo_run.folder}/driftline.duckdb", "--out", str(folder)),
                ]
            )
        assert left.value.code == 0
    return folder


@pytest.mark.slow
def test_the_demo_leaves_an_index_that_leads_to_its_report(demo_run: DemoRun) -> None:
    index = read((demo_run.folder / "reports" / "index.html").read_text())
    links = {attributes.get("href") for tag, attributes in index.tags if tag == "a"}
    assert "flight_delay/day/2013-12-31.html" in links
    assert (demo_run.folder / "reports" / "flight_delay" / "day" / "2013-12-31.html").exists()


def test_pictures(reports: Path, tmp_path: Path, browser: Browser) -> None:
    """Kept for the documentation where the caller names a folder: ``SCREENSHOTS=docs/images``."""
    pictures = Path(os.environ.get("SCREENSHOTS", tmp_path))
    complaints: list[str] = []
    view = browser.new_page(viewport={"width": 1200, "height": 1300}, color_scheme="light")
    view.on("console", lambda message: complaints.append(message.text))
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto((reports / "index.html").as_uri())
    view.screenshot(path=pictures / "index.png")
    view.get_by_role("link", name="flight_delay").first.click()
    view.screenshot(path=pictures / "calendar.png")
    view.locator(f"a[href='day/{DAYS[0]}.html']").first.click()
    view.get_by_text("flight_delay").first.wait_for()
    view.screenshot(path=pictures / "report.png")
    for day in DAYS:  # docs/reading-the-page.md
        view.goto((reports / "flight_delay" / "day" / f"{day}.html").as_uri())
        view.locator("section.verdict").screenshot(path=pictures / f"window-{day}.png")
    # And back again: neither page is a dead end.
    view.get_by_role("link", name="All windows").click()
    view.get_by_role("link", name="All monitors").click()
    view.get_by_role("heading", name="Monitors", exact=True).wait_for()
    view.close()
    assert complaints == []
    for name in ("index.png", "calendar.png", "report.png"):
        assert (pictures / name).stat().st_size > 20_000
