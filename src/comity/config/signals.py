"""Where a night is told of: webhook, e-mail, lineage, metrics, log.

Invariant: an address may stand in ``comity.toml``, a secret only in the environment; nothing is sent anywhere unless a
setting says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from comity.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNAL_SETTINGS = {
    "webhook": "The address that is told, in JSON, of a night that went wrong. An address that is itself a secret is "
    "set in `COMITY_WEBHOOK`. Default: nobody is told.",
    "mail_to": "Who gets an e-mail about a night that went wrong, with commas between several. Default: nobody.",
    "mail_from": "The sender of that e-mail. Default: `comity@` and the name of the machine.",
    "mail_server": "`smtp://host:25`, `smtp+starttls://host:587` (refused without encryption) or `smtps://host:465`. "
    "Default: `smtp://localhost:25`.",
    "openlineage_url": "The address that OpenLineage events are posted to, such as `https://marquez/api/v1/lineage`. "
    "Default: they are only written beside the run's reports.",
    "openlineage_namespace": "The namespace of jobs and datasets in OpenLineage events. Default: `comity`.",
    "metrics_file": "Where the Prometheus textfile is put after every run, such as "
    "`/var/lib/node_exporter/comity.prom`. Default: only beside the run's reports.",
    "log": "`text` shows progress for a person, `json` writes one JSON line an event to stderr. Default: `text`.",
}
SECRETS = {
    "webhook_token": "Sent to the webhook as a bearer token.",
    "mail_user": "The user at the mail server, where it asks for one.",
    "mail_password": "The password at the mail server; it is never sent unencrypted.",
    "openlineage_token": "Sent with OpenLineage events as a bearer token.",
}
"""Only in the environment, as ``COMITY_`` and the name in capitals."""

_SCHEMES = {
    "webhook": ("http", "https"),
    "openlineage_url": ("http", "https"),
    "mail_server": ("smtp", "smtp+starttls", "smtps"),
}
_ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")


@dataclass(frozen=True)
class SignalSettings:
    """None: not asked for. Secrets do not show in its representation."""

    webhook: str | None = field(default=None, repr=False)
    webhook_token: str | None = field(default=None, repr=False)
    mail_to: tuple[str, ...] = ()
    mail_from: str | None = None
    mail_server: str = "smtp://localhost:25"
    mail_user: str | None = None
    mail_password: str | None = field(default=None, repr=False)
    openlineage_url: str | None = None
    openlineage_token: str | None = field(default=None, repr=False)
    openlineage_namespace: str = "comity"
    metrics_file: Path | None = None
    log: str = "text"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be written or sent, but to whom it is for."""
        found = (self.webhook_token, self.mail_password, self.openlineage_token)
        return tuple(each for each in found if each)


def load_signals(
    pick: Callable[[str, str], tuple[str, str]], environment: Callable[[str], str | None], start: Path
) -> SignalSettings:
    """``pick`` gives a setting and where it was found; ``environment`` a variable; ``start`` is the working folder."""
    given = {name: pick(name, "") for name in SIGNAL_SETTINGS}
    for name, schemes in _SCHEMES.items():
        _check_address(name, *given[name], schemes)
    people = tuple(each.strip() for each in given["mail_to"][0].split(",") if each.strip())
    for name, addresses in (("mail_to", people), ("mail_from", (given["mail_from"][0],))):
        if wrong := [each for each in addresses if each and not _ADDRESS.fullmatch(each)]:
            raise _invalid(f"'{name}' takes e-mail addresses", given[name][1], wrong[0])
    log, where = given["log"]
    if log not in ("", "text", "json"):
        raise _invalid("'log' is 'text' or 'json'", where, log)
    secrets = {name: environment(f"COMITY_{name.upper()}") or None for name in SECRETS}
    metrics = given["metrics_file"][0]
    return SignalSettings(
        webhook=given["webhook"][0] or None,
        mail_to=people,
        mail_from=given["mail_from"][0] or None,
        mail_server=given["mail_server"][0] or "smtp://localhost:25",
        openlineage_url=given["openlineage_url"][0] or None,
        openlineage_namespace=given["openlineage_namespace"][0] or "comity",
        metrics_file=(start / metrics).resolve() if metrics else None,
        log=log or "text",
        **secrets,
    )


def _check_address(name: str, address: str, place: str, schemes: tuple[str, ...]) -> None:
    if not address:
        return
    try:
        parts = urlsplit(address)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        parts, usable = None, False
    if not usable or parts is None:
        # The address may be a secret itself, so it is not repeated.
        raise _invalid(
            f"'{name}' is an address that begins with {' or '.join(f'{each}://' for each in schemes)}",
            place,
            "another kind of text",
        )
    if parts.username or parts.password:
        raise ConfigError(
            "config.secret-in-file",
            f"'{name}' holds a user or a password",
            file=place,
            remedy=f"set {'COMITY_MAIL_USER and COMITY_MAIL_PASSWORD' if name == 'mail_server' else 'the token'} "
            "in the environment instead; docs/settings.md lists the variables",
        )


def _invalid(message: str, place: str, found: str) -> ConfigError:
    return ConfigError(
        "config.invalid-value", message, file=place, found=found, remedy="correct or remove the value"
    )
