"""Sending: what is tried again and what is not, and that nothing of it fails a night or gives a secret away."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import AuthResult

from comity.config.signals import SignalSettings
from comity.errors import StoreError
from comity.nightly.freshness import duration, freshness_of
from comity.nightly.signals import mail as mailing
from comity.nightly.signals.hide import MASK, Hide
from comity.nightly.signals.post import NotSent, post_json
from comity.nightly.signals.sender import Sender
from comity.nightly.signals.trouble import Late, Trouble, ended_early
from tests.nightly.signals.listeners import http_server, mail_server

if TYPE_CHECKING:
    from pathlib import Path

LATE = Late("some-source", "XX", "daily", 90_000, "1 day")
TROUBLE = Trouble("20260101T000000Z-abcd", "host.example.org", 3, (7,), (), (LATE,))


def test_a_server_that_recovers_gets_it_at_the_second_try() -> None:
    with http_server(503, 200) as heard:
        post_json(heard.url, {"name": "né"}, None)

    assert [body for _, _, body in heard.requests] == [{"name": "né"}] * 2


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (404, 1), (401, 1), (302, 1)])
def test_it_gives_up_after_three_tries_and_at_once_where_trying_is_no_use(status: int, tries: int) -> None:
    with http_server(status) as heard:
        with pytest.raises(NotSent) as caught:
            post_json(f"{heard.url}/secret-path", {}, "secret-token")
        port = heard.url.rpartition(":")[2]

    assert len(heard.requests) == tries
    assert str(caught.value) == f"http://127.0.0.1:{port} answered {status}"


def test_nobody_there_is_told_by_host_alone(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NotSent, match=r"^http://127\.0\.0\.1:1: \w+ after 2 tries$"):
        post_json("http://127.0.0.1:1/secret-path?token=x", {}, None, tries=2)
    assert caplog.text == ""  # a warning of a library would go to stderr


def test_after_two_events_that_did_not_arrive_no_more_are_tried() -> None:
    with http_server(404) as heard:
        sender = Sender(heard.url, None)
        for number in range(50):
            sender({"number": number})
        said = sender.close()

    assert [body["number"] for _, _, body in heard.requests] == [0, 1]
    assert said is not None and said.startswith("lineage: 50 of 50 events did not arrive: http://127.0.0.1:")


def send(port: int, scheme: str = "smtp", **more: Any) -> None:
    settings = SignalSettings(mail_to=("a@example.org",), mail_server=f"{scheme}://localhost:{port}", **more)
    mailing.send_mail(settings, TROUBLE, "host.example.org", pause=0)


def test_a_mail_server_that_is_busy_is_asked_again() -> None:
    with mail_server("451 come back", "451 come back") as post:
        send(post.port)

    (mail,) = post.mails
    assert mail["From"] == "comity@host.example.org"
    assert "some-source (XX): daily, overdue by 1 day" in mail.get_content()


def test_a_mail_that_is_refused_is_not_sent_again() -> None:
    with mail_server("550 we know your planted password") as post:
        with pytest.raises(NotSent) as caught:
            send(post.port)

        assert post.replies == [] and post.mails == []
    assert str(caught.value) == f"smtp://localhost:{post.port} answered 550"


def test_a_password_never_goes_over_a_connection_that_is_not_encrypted() -> None:
    options = {"auth_require_tls": False, "authenticator": _anyone([])}
    with mail_server(**options) as post, pytest.raises(NotSent, match="not encrypted"):
        send(post.port, mail_user="me", mail_password="pa55word")

    assert post.mails == []


def test_with_starttls_it_logs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    logins: list[bytes] = []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with mail_server(tls_context=context, authenticator=_anyone(logins), auth_required=True) as post:
        send(post.port, "smtp+starttls", mail_user="me", mail_password="pa55word")

    assert logins == [b"pa55word"] and len(post.mails) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_password(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    logins: list[bytes] = []

    options = {"tls_context": context, "authenticator": _anyone(logins), "auth_required": True}
    with (
        mail_server(**options) as post,
        pytest.raises(NotSent, match="SSLCertVerificationError after 3 tries"),
    ):
        send(post.port, "smtp+starttls", mail_user="me", mail_password="pa55word")

    assert logins == []


def _anyone(logins: list[bytes]) -> Any:
    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        logins.append(data.password)
        return AuthResult(success=True)

    return authenticate


def _certificate(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(pem))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    return files


# What is told


def test_a_night_that_ended_early_is_told_by_code_and_without_what_was_found() -> None:
    error = StoreError("store.busy", "The ledger is locked", file="/ledger", found="a person's name")

    trouble = ended_early("20260101T000000Z-abcd", error, "host", Hide(()))

    assert trouble and "The ledger is locked [store.busy] at /ledger" in trouble.text()
    assert "person's name" not in trouble.text()
    assert not Trouble("r", "h", 3, (1,), (), ())


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("no route to postgresql://me:pa55@host/db", f"no route to postgresql://{MASK}@host/db"),
        ("https://host/hook?token=abc&x=1", f"https://host/hook?token={MASK}&x=1"),
        ("it said p%4055word", f"it said {MASK}"),
        ("nothing to hide: a@example.org", "nothing to hide: a@example.org"),
    ],
)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(text: str, hidden: str) -> None:
    assert Hide(["p@55word"])(text) == hidden


NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "ago", "overdue"),
    [
        ("daily", timedelta(hours=23), timedelta(0)),
        ("daily", timedelta(hours=49), timedelta(hours=25)),
        ("weekly", timedelta(days=8), timedelta(days=1)),
        ("monthly", timedelta(days=31), timedelta(0)),
        ("irregular", timedelta(days=4000), timedelta(0)),
        (None, timedelta(days=4000), timedelta(0)),
        ("daily", timedelta(hours=-1), timedelta(0)),  # a clock that was set back
    ],
)
def test_a_source_is_overdue_by_what_its_adapter_says(due: str, ago: timedelta, overdue: timedelta) -> None:
    found = freshness_of("s", "XX", due, NOW - ago, NOW)

    assert found.overdue == overdue and found.stale == (overdue > timedelta(0))
    assert not freshness_of("s", "XX", due, None, NOW).stale


def test_a_length_of_time_is_told_in_its_largest_unit() -> None:
    told = [duration(timedelta(seconds=s)) for s in (5, 60, 7_200, 86_399, 86_400, 200_000)]

    assert told == ["less than a minute", "1 minute", "2 hours", "23 hours", "1 day", "2 days"]
