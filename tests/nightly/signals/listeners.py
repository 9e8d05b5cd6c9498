"""Real servers on this machine that a night talks to: one for HTTP, one for e-mail."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage


@dataclass
class Heard:
    """What an HTTP server got. ``answers``: the status of each answer in turn, the last one for all that follow."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def http_server(*answers: int) -> Iterator[Heard]:
    """Path, headers and JSON of every POST are kept."""
    heard = Heard(answers=list(answers) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.requests.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(heard.answers.pop(0) if len(heard.answers) > 1 else heard.answers[0])
            self.send_header("Content-Length", "0")
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Post:
    """What a mail server got. ``replies``: what it says to each message in turn, then 250."""

    port: int = 0
    replies: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes, policy

        if self.replies:
            return self.replies.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(*replies: str, **options: Any) -> Iterator[Post]:
    """``options`` go to the server: TLS, authentication."""
    post = Post(replies=list(replies))
    controller = _OnAnyPort(post, hostname="127.0.0.1", port=0, **options)
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()
