"""A proxy in front of an S3 server that answers some requests badly, as a busy or broken one would."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

PASS, BUSY, CUT, SLOW = "pass", "busy", "cut", "slow"
_BUSY_BODY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_PIECE = 4096


@dataclass
class FaultProxy:
    """Where it is, and what it does: ``decide`` is asked for every request with its method, its path, and how
    many times that was asked for before. ``done`` is what was decided, in order."""

    url: str
    decide: Callable[[str, str, int], str]
    done: list[str] = field(default_factory=list)
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def verdict(self, method: str, path: str) -> str:
        """What to do with a request."""
        name = unquote(urlsplit(path).path)
        with self.lock:
            times = self.asked.get((method, name), 0)
            self.asked[method, name] = times + 1
            found = self.decide(method, name, times)
            self.done.append(found)
        return found


@contextmanager
def fault_proxy(target: str, decide: Callable[[str, str, int], str]) -> Iterator[FaultProxy]:
    """Run a proxy to the server at ``target``; stop it in the end."""
    upstream = urlsplit(target).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            verdict = proxy.verdict(self.command, self.path)
            if verdict == BUSY:
                self._answer(503, {"Content-Type": "application/xml"}, _BUSY_BODY)
                return
            connection = http.client.HTTPConnection(upstream, timeout=60)
            try:
                # the Host header is part of what the client has signed
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                content = answer.read()
                headers = {
                    name: value
                    for name, value in answer.getheaders()
                    if name.lower() not in {"transfer-encoding", "connection", "content-length", "date"}
                }
                length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            finally:
                connection.close()
            self._answer(answer.status, headers, content, verdict, length)

        def _answer(
            self,
            status: int,
            headers: dict[str, str],
            content: bytes,
            verdict: str = PASS,
            length: str | None = None,
        ) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if verdict == CUT:
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            for start in range(0, len(content), _PIECE):
                if verdict == SLOW:
                    time.sleep(0.02)
                self.wfile.write(content[start : start + _PIECE])

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _forward  # noqa: N815  the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep quiet."""

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}", decide)
    thread = threading.Thread(target=server.serve_forever, name="fault-proxy")
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
