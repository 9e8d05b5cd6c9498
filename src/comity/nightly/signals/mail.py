"""An e-mail about a night that went wrong.

Invariant: a password never goes over an unencrypted connection; sending ends within a bounded time; what went wrong
is told without the password and without what the server echoed.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comity.nightly.signals.post import NotSent, host_of

if TYPE_CHECKING:
    from comity.config.signals import SignalSettings
    from comity.nightly.signals.trouble import Trouble

TRIES = 3
SECONDS = 15.0
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def send_mail(settings: SignalSettings, trouble: Trouble, host: str, *, pause: float = 1.0) -> None:
    """Raises NotSent. ``pause``: seconds before the second try, doubled before the third."""
    message = _message(settings, trouble, host)
    place = host_of(settings.mail_server)
    for number in range(1, TRIES + 1):
        try:
            _send(settings, message)
            return
        except smtplib.SMTPResponseException as error:
            # 5xx is for good; the text may hold what we said.
            if error.smtp_code >= 500 or number == TRIES:
                raise NotSent(f"{place} answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused:
            raise NotSent(f"{place} takes no mail for these addresses") from None
        except (OSError, smtplib.SMTPException) as error:
            if number == TRIES:
                raise NotSent(f"{place}: {type(error).__name__} after {TRIES} tries") from None
        time.sleep(pause * 2 ** (number - 1))


def _message(settings: SignalSettings, trouble: Trouble, host: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = trouble.title
    message["From"] = settings.mail_from or f"comity@{host}"
    message["To"] = ", ".join(settings.mail_to)
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=host)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(trouble.text())
    return message


def _send(settings: SignalSettings, message: EmailMessage) -> None:
    server = urlsplit(settings.mail_server)
    host, port = server.hostname or "localhost", server.port or PORTS[server.scheme]
    if server.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        client = smtplib.SMTP(host, port, timeout=SECONDS)
    with client:
        if server.scheme == "smtp+starttls":
            client.starttls(context=ssl.create_default_context())
        if settings.mail_user and settings.mail_password:
            if server.scheme == "smtp":
                raise NotSent(
                    f"{host_of(settings.mail_server)} is not encrypted, so the password is not sent: "
                    "'mail_server' must begin with smtp+starttls:// or smtps://"
                )
            client.login(settings.mail_user, settings.mail_password)
        client.send_message(message)
