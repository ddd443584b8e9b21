"""The pages in a real browser: nothing leaves them, nothing runs in them, everybody can read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Dialog
from playwright.sync_api import Page as BrowserPage
from tests.reports.axe import faults
from tests.reports.hostile_inputs import hostile
from tests.reports.sample_full import make_full
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample

from driftline_reports.index import render_index
from driftline_reports.inputs import IndexInputs, MonitorHistory, ReportInputs, page_name
from driftline_reports.mail import render_mail
from driftline_reports.monitor_page import build_monitor_page, render_monitor_page
from driftline_reports.page import render_page
from driftline_reports.view import build_view

Scheme = Literal["light", "dark"]


@dataclass
class Opened:
    """A page in the browser, what it asked for beyond itself, and what it complained of."""

    page: BrowserPage
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Write down everything from here on."""

        def refuse(dialog: Dialog) -> None:
            self.complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", refuse)


Open = Callable[..., Opened]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens HTML from a file, as a reader of an attachment would."""
    contexts = []

    def open_html(html: str, *, width: int = 1400, scheme: Scheme = "light") -> Opened:
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        made = Opened(context.new_page())
        made.listen()
        made.page.goto(path.as_uri())
        return made

    yield open_html
    for context in contexts:
        context.close()


def unfold(page: BrowserPage) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


def history(inputs: ReportInputs) -> MonitorHistory:
    """Every window of a page's monitor, each with a page."""
    starts: list[datetime] = inputs.tables["runs"]["window_start"].to_pylist()
    windows = {start: inputs.monitor.calendar.containing(start) for start in starts}
    names = {start: page_name(inputs.monitor, window) for start, window in windows.items()}
    return MonitorHistory(inputs.monitor, inputs.tables, names)


def index_of(*pages: ReportInputs) -> str:
    """The index over the windows of these pages."""
    return render_index(IndexInputs([history(inputs) for inputs in pages], pages[0].generated_at))


@cache
def a_monitor() -> str:
    inputs = make(Sample(windows=60, drifted=3, days_off=4))
    return render_monitor_page(build_monitor_page(history(inputs), inputs.generated_at))


@cache
def a_page() -> str:
    return render_page(make_full(Sample(count=54, drifted=24, final=False)))


@cache
def an_index() -> str:
    others = Sample(seed=3, windows=60, labels=False, monitor={"monitor": "churn", "granularity": "hour"})
    return index_of(make(), make(others))


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (400, "light"),
        pytest.param(400, "dark", marks=pytest.mark.slow),
        pytest.param(1400, "light", marks=pytest.mark.slow),
        (1400, "dark"),
    ],
)
@pytest.mark.parametrize("make_html", [a_page, an_index, a_monitor], ids=["page", "index", "monitor"])
def test_readable_by_everybody(
    opened: Open, make_html: Callable[[], str], width: int, scheme: Scheme
) -> None:
    found = opened(make_html(), width=width, scheme=scheme)
    assert faults(found.page) == []
    unfold(found.page)
    assert faults(found.page) == []
    wide = found.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "the page scrolls sideways"


def test_the_mail_is_readable_too(opened: Open) -> None:
    link = "https://reports.example.com/2013-09-28.html"
    mail = render_mail(build_view(make_full()), page_link=link)
    for width in (400, 1400):
        found = opened(mail.html, width=width)
        assert faults(found.page) == []
        assert found.requests == [found.page.url]


@pytest.mark.parametrize("make_html", [a_page, an_index, a_monitor], ids=["page", "index", "monitor"])
def test_no_request_and_no_complaint(opened: Open, make_html: Callable[[], str]) -> None:
    found = opened(make_html())
    unfold(found.page)
    found.page.emulate_media(media="print")
    assert found.requests == [found.page.url]
    assert found.complaints == []


def test_the_policy_forbids_scripts_styles_and_requests(opened: Open) -> None:
    html = a_page()
    attack = (
        "<script>window.pwned=1</script><img src='https://example.com/x.png' onerror='window.pwned=1'>"
        "<p id=styled style='color:rgb(1, 2, 3)'>x</p>"
    )
    found = opened(html.replace("<main>", f"<main>{attack}"))
    assert found.page.evaluate("window.pwned") is None
    assert found.page.evaluate("getComputedStyle(document.getElementById('styled')).color") != "rgb(1, 2, 3)"
    assert any("Content Security Policy" in complaint for complaint in found.complaints)


def test_the_index_is_filtered_by_owner_and_level(opened: Open) -> None:
    others = [
        make(Sample(monitor={"monitor": name, "owner": f"{name}@example.com"})) for name in ("ads", "search")
    ]
    page = opened(index_of(make(Sample(monitor={"owner": "ads@example.com"})), *others)).page

    def shown() -> set[str]:
        seen = page.locator("li[data-owner]:visible")
        return {seen.nth(at).get_attribute("id") or "" for at in range(seen.count())}

    assert shown() == {"flight_delay", "ads", "search"}
    page.locator("select[name=owner]").select_option("ads@example.com")
    assert shown() == {"flight_delay", "ads"}
    assert page.locator("output").text_content() == "2 of 3"
    page.locator("select[name=owner]").select_option("")
    page.locator("select[name=level]").select_option(index=1)
    assert shown() == {"flight_delay", "ads", "search"}
    assert faults(page) == []


@cache
def hostile_pages() -> tuple[str, ...]:
    inputs = hostile()
    own = render_monitor_page(build_monitor_page(history(inputs), inputs.generated_at))
    return render_page(inputs), render_mail(build_view(inputs)).html, index_of(inputs), own


@pytest.mark.parametrize("width", [400, 1400])
def test_hostile_texts_run_nothing(opened: Open, width: int) -> None:
    for html in hostile_pages():
        # Even without the policy nothing may run: mail programs do not know it.
        bare = html.replace("Content-Security-Policy", "X-Nothing")
        for text in (html, bare):
            found = opened(text, width=width)
            unfold(found.page)
            found.page.mouse.move(width / 2, 450)
            assert found.page.evaluate("window.pwned") is None
            assert found.complaints == []
            assert found.requests == [found.page.url]
            assert found.page.evaluate(
                "document.querySelectorAll('script, img, iframe, body *[onload]').length"
            ) == html.count("<script>")
            assert found.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("make_html", [a_page, an_index, a_monitor], ids=["page", "index", "monitor"])
def test_every_link_within_the_page_leads_somewhere(opened: Open, make_html: Callable[[], str]) -> None:
    page = opened(make_html()).page
    dead = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert dead == []


def test_by_keyboard_alone(opened: Open) -> None:
    found = opened(a_page())
    page = found.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#changes")
    reached = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        place = page.evaluate("document.activeElement.closest('details')?.id || ''")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY" and place == "quiet":
            page.keyboard.press("Enter")
            break
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert page.evaluate("document.getElementById('quiet').open") is True
    assert {"A", "SUMMARY", "DIV"} <= reached


def test_in_print_what_is_folded_and_the_statements_do_not_show(opened: Open) -> None:
    found = opened(a_page())
    page = found.page
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details.sql").first.is_hidden()
    assert page.locator("#table tbody tr").first.bounding_box() is not None
    assert page.locator("#how details").is_hidden()


def test_columns_are_found_and_sorted(opened: Open) -> None:
    page = opened(a_page()).page
    names = "#table tbody tr:not([hidden]) th"
    everything = page.locator(names).all_text_contents()
    page.get_by_role("searchbox", name="Find a column").fill("HUMID")
    assert [text.strip() for text in page.locator(names).all_text_contents()] == ["▲ humidity"]
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Column").click()
    descending = [text.strip(" ▲\n") for text in page.locator(names).all_text_contents()]
    page.get_by_role("button", name="Column").click()
    ascending = [text.strip(" ▲\n") for text in page.locator(names).all_text_contents()]
    assert len(ascending) == len(everything) > 30
    assert ascending == descending[::-1]
    assert page.locator("#table th[aria-sort]").count() == 1


def test_without_its_script_the_page_is_complete(browser: Browser, tmp_path: Path) -> None:
    """As in Airflow's sandbox."""
    path = tmp_path / "page.html"
    path.write_text(a_page(), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator("#table tbody tr").count() > 30
    assert page.get_by_role("searchbox").count() == 0
    assert page.locator("#table thead button").count() == 0
    context.close()


def test_charts_have_a_text_alternative_and_no_ids(opened: Open) -> None:
    found = opened(a_page())
    labels = found.page.eval_on_selector_all(
        "svg.chart", "all => all.map(one => [one.getAttribute('role'), one.getAttribute('aria-label')])"
    )
    assert len(labels) > 20
    assert all(role == "img" and len(label) > 20 for role, label in labels)
    ids = found.page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_the_check_itself_sees_a_fault(opened: Open) -> None:
    found = opened(
        "<!doctype html><html><body><img src='data:,'><p style='color:#eee'>pale</p></body></html>"
    )
    assert {fault.split()[0] for fault in faults(found.page)} >= {
        "image-alt",
        "html-has-lang",
        "color-contrast",
    }
