"""Tell people what has changed, once: however often it is asked, and however many ask at a time.

Who tells is alone with the monitor's messages (``Store.turn``): it reads what was told, sends what is due,
and notes it. What could not be sent is not noted, and is sent the next time. Should the process end between
sending and noting, the same message goes out again, with the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from driftline_jobs.reporting.messages.channels import Channel, Outgoing, asked
from driftline_jobs.reporting.messages.letter import Letter, letter_of_window
from driftline_jobs.reporting.messages.window import WindowNews, news_of
from driftline_jobs.reporting.messages.written import write_letter
from driftline_jobs.stores.base import Store
from driftline_jobs.tables import messages, runs
from driftline_schemas.errors import ConfigError, DriftlineError
from driftline_schemas.messages import Message
from driftline_schemas.monitor import Monitor
from driftline_schemas.settings import Settings
from driftline_schemas.window import Window


@dataclass(frozen=True, slots=True)
class Sent:
    """One message that went out; ``remarks`` is what people should know of it."""

    channel: str
    message: Message
    remarks: tuple[str, ...] = ()


def turn_of(monitor: str) -> str:
    """What only one may be at: the messages of a monitor."""
    return f"messages of {monitor}"


def published_windows(store: Store, monitor: Monitor, first: Window, last: Window) -> list[Window]:
    """Those from ``first`` to ``last`` that were published. Raises ConfigError where none was."""
    found = runs.current_runs(
        store, monitor, "data", start=first.start, end=last.end, columns=["window_start"]
    )
    if not found:
        period = monitor.calendar.label(first)
        raise ConfigError(
            f"{monitor.monitor}: the {monitor.granularity.value} {period} was not published, so there is "
            f"nothing to tell: `driftline run … --period {period}` publishes it; or is --store another one?"
        )
    return [monitor.calendar.containing(row["window_start"]) for row in found]


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells of one monitor.

    ``page`` is where readers find the page of a window, if there is one window alone.
    """

    store: Store
    monitor: Monitor
    settings: Settings
    page: str | None = None

    def windows(self, windows: Sequence[Window], only: str | None = None) -> Iterator[Sent]:
        """Tell of each window what is due, by every channel that the monitor asks for, or ``only`` one.

        A channel that fails does not keep the others from theirs; its error is raised when they are through.
        """
        failed: DriftlineError | None = None
        for channel in asked(self.monitor, self.settings, only):
            try:
                for window in windows:
                    sent = self._window(channel, window)
                    if sent is not None:
                        yield sent
            except DriftlineError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def write_mails(self, windows: Sequence[Window], folder: Path) -> list[Path]:
        """Write the mails that are due into folders below ``folder``, for others to send; see ``written``."""
        written = []
        for window in windows:
            now = datetime.now(UTC)
            with self.store.turn(turn_of(self.monitor.monitor)):
                news = self._due(window, "email", now)
            if news is not None:
                letter, name = self._letter(window, now), news.message.message_id
                written.append(write_letter(folder, letter, name, self.monitor.notify.email, news.rows))
        return written

    def _due(self, window: Window, channel: str, now: datetime) -> WindowNews | None:
        return news_of(self.store, self.monitor, window, channel, now=now, page=self.page)

    def _letter(self, window: Window, now: datetime) -> Letter:
        return letter_of_window(self.store, self.monitor, window, now=now, page_link=self.page)

    def _window(self, channel: Channel, window: Window) -> Sent | None:
        with self.store.turn(turn_of(self.monitor.monitor)):
            now = datetime.now(UTC)
            with self.store.stay_connected(reading=True):
                news = self._due(window, channel.name, now)
            if news is None:
                return None
            outgoing = Outgoing(news.message, lambda: self._letter(window, now), now)
            remarks = channel.send(outgoing, self.monitor, self.settings)
            messages.note(self.store, news.rows, datetime.now(UTC))
        return Sent(channel.name, news.message, tuple(remarks))
