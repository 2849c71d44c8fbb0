"""Sends mail over SMTP: at once where it is to be known what became of it, else in a thread of its own."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from store.settings import Settings

log = logging.getLogger("waywiser.mail")
TIMEOUT_S = 20
REFUSED = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError)


class WholeAddresses(EmailPolicy):
    """Leaves addresses of pages in headers whole: folded they would be encoded, and lead nowhere."""

    def fold(self, name: str, value: str) -> str:
        """One header as text."""
        if name.startswith("List-"):
            return f"{name}: {value}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header as bytes."""
        if name.startswith("List-"):
            return self.fold(name, value).encode()
        return bytes(super().fold_binary(name, value))


class NotSent(Exception):
    """The mail server has surely not taken a letter; the message says why, without addresses and words."""


def sender(settings: Settings) -> Callable[[str, str, str], None] | None:
    """A function that sends a text to an address, and returns at once; None where no server is set."""
    if not settings.smtp_url:
        return None
    line = ThreadPoolExecutor(1, thread_name_prefix="mail")

    def send(to: str, subject: str, text: str) -> None:
        line.submit(_send, settings, to, subject, text)

    return send


def deliver(
    settings: Settings,
    to: str,
    subject: str,
    text: str,
    *,
    html: str = "",
    headers: Mapping[str, str] | None = None,
) -> None:
    """Hand a letter to the mail server; raises NotSent where that has surely not taken it.

    Raises OSError or SMTPException where it may have: the line was cut before it had answered.
    """
    letter = EmailMessage(WholeAddresses())
    letter["From"], letter["To"], letter["Subject"] = settings.mail_from, to, subject
    letter["Date"], letter["Message-ID"] = formatdate(localtime=True), make_msgid(domain="waywiser")
    for name, value in (headers or {}).items():
        letter[name] = value
    letter.set_content(text)
    if html:
        letter.add_alternative(html, subtype="html")
    try:
        server = _connected(settings.smtp_url)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(type(error).__name__) from None
    try:
        server.send_message(letter)
    except REFUSED as error:
        raise NotSent(type(error).__name__) from None
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _send(settings: Settings, to: str, subject: str, text: str) -> None:
    try:
        deliver(settings, to, subject, text)
    except (NotSent, OSError, smtplib.SMTPException) as error:
        # Neither the letter, which holds a link, nor the address of the server, which holds a password.
        why = error if isinstance(error, NotSent) else type(error).__name__
        log.error("a letter could not be sent: %s; check WAYWISER_SMTP_URL", why)


def _connected(url: str) -> smtplib.SMTP:
    """A connection that is encrypted wherever the server can do that, and signed in where a name is given."""
    parts, secure = urlsplit(url), ssl.create_default_context()
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=secure)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_S)
    try:
        if parts.scheme != "smtps":
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=secure)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server
