"""Sends mail over SMTP, one letter after the other in a thread of its own, so that no page waits for it."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from store.settings import Settings

log = logging.getLogger("waywiser.mail")
TIMEOUT_S = 20


def sender(settings: Settings) -> Callable[[str, str, str], None] | None:
    """A function that sends a text to an address, and returns at once; None where no server is set."""
    if not settings.smtp_url:
        return None
    line = ThreadPoolExecutor(1, thread_name_prefix="mail")

    def send(to: str, subject: str, text: str) -> None:
        line.submit(_send, settings, to, subject, text)

    return send


def _send(settings: Settings, to: str, subject: str, text: str) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = settings.mail_from, to, subject
    letter["Date"], letter["Message-ID"] = formatdate(localtime=True), make_msgid(domain="waywiser")
    letter.set_content(text)
    try:
        with _connected(settings.smtp_url) as server:
            server.send_message(letter)
    except (OSError, smtplib.SMTPException) as error:
        # Neither the letter, which holds a link, nor the address of the server, which holds a password.
        log.error("a letter could not be sent: %s; check WAYWISER_SMTP_URL", type(error).__name__)


def _connected(url: str) -> smtplib.SMTP:
    """A connection that is encrypted wherever the server can do that, and signed in where a name is given."""
    parts, secure = urlsplit(url), ssl.create_default_context()
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_S, context=secure)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_S)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=secure)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
