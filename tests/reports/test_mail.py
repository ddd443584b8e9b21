"""The mail says what the page says, in a form any mail program can show."""

from __future__ import annotations

import email
import unicodedata
from email.message import EmailMessage
from email.policy import default

import pytest
from tests.reports.hostile_inputs import hostile
from tests.reports.readback import read
from tests.reports.sample_inputs import make
from tests.reports.sample_story import Sample

from driftline_reports.mail import Mail, render_mail, to_message
from driftline_reports.page import render_page
from driftline_reports.view import build_view
from driftline_reports.view_model import plain


def unix(text: str) -> str:
    """Line ends as they were before the mail had them its way."""
    return text.replace("\r\n", "\n")


@pytest.fixture(scope="module")
def mail() -> Mail:
    return render_mail(build_view(make()), page_link="https://example.com/r?a=1&b=2")


def test_both_parts_tell_the_pages_verdict(mail: Mail) -> None:
    verdict = build_view(make()).verdict
    html = read(mail.html)
    for sentence in (verdict.headline, verdict.model, verdict.where, verdict.since, verdict.sure):
        assert plain(sentence).strip() in " ".join(html.text.split(" "))
        assert plain(sentence).strip() in mail.text
    assert mail.subject == f"[flight_delay] ongoing, nothing new: {plain(verdict.headline)} (Sat 28 Sep 2013)"
    assert "Open the whole report" in html.text
    assert "The whole report: https://example.com/r?a=1&b=2" in mail.text


def test_inline_and_without_anything_that_runs_or_is_fetched(mail: Mail) -> None:
    tags = read(mail.html).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "style", "iframe", "svg", "form", "base"}
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links == ["https://example.com/r?a=1&b=2"]
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert len(mail.html) < 100_000


def test_a_message_that_reads_back() -> None:
    inputs = make()
    page = render_page(inputs)
    made = render_mail(build_view(inputs), attached="2013-09-28.html")
    message = to_message(
        made,
        sender="driftline@example.com",
        recipients=["a@example.com", "b@example.com"],
        page=page,
        page_name="2013-09-28.html",
    )
    received = email.message_from_bytes(message.as_bytes(), policy=default)
    assert isinstance(received, EmailMessage)
    assert received["Subject"] == made.subject
    assert received["To"] == "a@example.com, b@example.com"
    text, html = received.get_body(("plain",)), received.get_body(("html",))
    assert text is not None
    assert html is not None
    assert unix(text.get_content()) == made.text
    assert unix(html.get_content()).rstrip() == made.html.rstrip()
    (attachment,) = received.iter_attachments()
    assert attachment.get_filename() == "2013-09-28.html"
    assert unix(attachment.get_content()).rstrip() == page
    assert "The whole report is attached: 2013-09-28.html" in made.text
    # Long lines would be cut by mail servers.
    assert max(map(len, message.as_bytes().split(b"\r\n"))) <= 998


def test_hostile_texts_cannot_write_headers_or_tags() -> None:
    made = render_mail(build_view(hostile()))
    message = to_message(made, sender="a@example.com", recipients=["b@example.com"])
    received = email.message_from_bytes(message.as_bytes(), policy=default)
    assert set(received.keys()) == {"Subject", "From", "To", "MIME-Version", "Content-Type"}
    assert made.subject.isprintable()
    assert not {tag for tag, _ in read(made.html).tags} & {"script", "img", "svg", "iframe"}
    strange = {unicodedata.category(character) for character in made.text if character not in "\n\u200d"}
    assert not strange & {"Cc", "Cf", "Zl", "Zp"}


def test_the_mail_of_a_calm_day_is_short() -> None:
    made = render_mail(build_view(make(Sample(drifted=0, worse=False))))
    assert "Nothing broke." in made.subject
    assert "What changed most" not in made.text
    assert "Failed checks" not in made.text
    assert "The whole report lies in the reports folder." in made.text


def test_a_link_that_could_run_something_is_refused() -> None:
    with pytest.raises(ValueError, match="not an address"):
        render_mail(build_view(make(Sample(windows=1))), page_link="javascript:alert(1)")
