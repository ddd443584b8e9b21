"""Windows with incidents, a web server and a mail server that keep what they are told."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.stores.makers import day, drift, one_row, run

from driftline_jobs.stores import Store, open_store
from driftline_schemas.monitor import Monitor, parse_monitor

Rows = Sequence[pa.Table]


def monitor_text(name: str = "flights", **notify: object) -> str:
    content: dict[str, Any] = {
        "monitor": name,
        "owner": "ml@example.com",
        "task": "binary_classification",
        "logs": {"uri": "logs", "timestamp": "at", "prediction": "late", "score": "p"},
        "features": {"sensitive": ["home_zip"]},
        "reference": {"window": ["2012-11-01", "2012-12-01"]},
        "notify": notify,
    }
    return yaml.safe_dump(content)


def monitor(name: str = "flights", **notify: object) -> Monitor:
    return parse_monitor(monitor_text(name, **notify), "m.yaml")


def incident(number: int, name: str = "i1", monitor: str = "flights", **values: object) -> pa.Table:
    """A row of ``incidents`` of the ``number``-th day: a new one of drift, medium, unless said otherwise."""
    record = run(f"{monitor}-j{number}", number, part="judgement", monitor=monitor)
    given: dict[str, object] = {
        "incident_id": name,
        "state": "new",
        "severity": "medium",
        "topic": "drift",
        "certain": False,
        "headline": f"carrier changed ({name})",
        "first_window": day(number),
        "last_window": day(number),
        "columns": ["carrier"],
        "alerts": [f"a-{name}"],
        "owner": "ml@example.com",
        "evidence": {},
        **values,
    }
    return one_row("incidents", record, **{key: json_text(value) for key, value in given.items()})


def json_text(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | dict) else value


def alert(number: int, name: str, monitor: str = "flights", **evidence: object) -> pa.Table:
    record = run(f"{monitor}-j{number}", number, part="judgement", monitor=monitor)
    said = json.dumps({"sentence": "carrier has drifted", "windows": 1, "strength": 2.0, **evidence})
    return one_row(
        "alerts",
        record,
        alert_id=name,
        column_name="carrier",
        metric="psi",
        severity="medium",
        state="open",
        first_window=day(number),
        last_window=day(number),
        evidence=said,
    )


def publish(
    store: Store,
    number: int,
    incidents: Sequence[pa.Table] = (),
    alerts: Sequence[pa.Table] = (),
    name: str = "flights",
) -> None:
    """The data and the judgement of a day, with what was found."""
    data = run(f"{name}-d{number}-{time.monotonic_ns()}", number, monitor=name)
    store.publish([data], {"drift_metrics": drift([data], drifted=False)})
    judge(store, number, incidents, alerts, name)


def judge(
    store: Store,
    number: int,
    incidents: Sequence[pa.Table] = (),
    alerts: Sequence[pa.Table] = (),
    name: str = "flights",
) -> None:
    """The judgement of a day anew."""
    judged = run(f"{name}-j{number}-{time.monotonic_ns()}", number, part="judgement", monitor=name)
    tables = {"incidents": incidents, "alerts": alerts}
    rows = {key: _of_run(pa.concat_tables(found), judged.run_id) for key, found in tables.items() if found}
    store.publish([judged], rows)


def _of_run(rows: pa.Table, run_id: str) -> pa.Table:
    column = pa.array([run_id] * rows.num_rows, pa.string())
    return rows.set_column(rows.schema.get_field_index("run_id"), "run_id", column)


@contextmanager
def new_store(folder: Path) -> Iterator[tuple[str, Store]]:
    url = f"duckdb:///{folder}/store.duckdb"
    with open_store(url) as store:
        store.migrate()
        yield url, store


def told(store: Store) -> list[tuple[Any, ...]]:
    rows = store.current("messages", "flights").to_pylist()
    return [(row["window_start"], row["incident_id"], row["change"], row["channel"]) for row in rows]


@dataclass
class Request:
    """What a web server was told."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Hook:
    """A web server that answers with the ``answers`` in turn, and with 200 when there are no more.

    An answer is a status, or a status with headers; None is silence for as long as the server is there.
    """

    answers: list[Any] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    pause: float = 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/T0/s3cret"


@contextmanager
def hook(*answers: Any, pause: float = 0.0) -> Iterator[Hook]:
    kept = Hook(list(answers), pause=pause)
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with turn:
                kept.requests.append(Request(self.path, dict(self.headers), body))
                answer = kept.answers.pop(0) if kept.answers else 200
            time.sleep(kept.pause)
            if answer is None:
                kept.over.wait(60)
                return
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            said = f"Cannot POST {self.path}".encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass
class MailBox:
    """A mail server; ``refuse`` is its answer instead of taking a mail, ``unknown`` no mailboxes."""

    refuse: str = ""
    unknown: frozenset[str] = frozenset()
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 kept"


@contextmanager
def mail_box(box: MailBox | None = None, **options: Any) -> Iterator[MailBox]:
    kept = box or MailBox()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    servers: list[asyncio.Server] = []

    def session() -> SMTP:
        with warnings.catch_warnings():  # of a login without encryption, which is what is tried
            warnings.simplefilter("ignore")
            return SMTP(kept, hostname="localhost", loop=loop, **options)

    async def serve() -> None:
        servers.append(await loop.create_server(session, "127.0.0.1", 0))
        kept.port = servers[0].sockets[0].getsockname()[1]
        ready.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield kept
    finally:

        async def end() -> None:
            servers[0].close()
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            loop.stop()

        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(20)
        loop.close()
