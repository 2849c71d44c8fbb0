"""Mail goes out to a real SMTP server, behind the back of whoever asked for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from server.mail import sender
from store.settings import BadSetting, Settings
from tests.installation import eventually, free_port


class Box:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.letters: list[Message] = []

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if session.authenticated:
            self.letters.append(message_from_bytes(envelope.content))  # type: ignore[arg-type]
        return "250 kept"


def knows(
    _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: LoginPassword
) -> AuthResult:
    return AuthResult(success=(given.login, given.password) == (b"way@wiser", b"p:w"))


@pytest.fixture
def post() -> Iterator[tuple[Box, int]]:
    box, port = Box(), free_port()
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        authenticator=knows,
        auth_require_tls=False,
        ready_timeout=30,
    )
    server.start()
    yield box, port
    server.stop()


def test_a_letter_arrives_as_it_was_written(post: tuple[Box, int]) -> None:
    box, port = post
    send = sender(
        Settings(smtp_url=f"smtp://way%40wiser:p%3Aw@127.0.0.1:{port}", mail_from="W <w@shop.example>")
    )
    assert send
    send("ada@shop.example", "Grüße", "A link:\n\nhttps://shop.example/x\n")
    (letter,) = eventually(lambda: box.letters, bool)
    assert (letter["From"], letter["To"]) == ("W <w@shop.example>", "ada@shop.example")
    assert b"https://shop.example/x" in (letter.get_payload(decode=True) or b"")


def test_a_letter_that_cannot_go_is_said_without_its_words(
    post: tuple[Box, int], caplog: pytest.LogCaptureFixture
) -> None:
    _, port = post
    with caplog.at_level(logging.ERROR, "waywiser.mail"):
        for address in (f"smtp://way:wrong@127.0.0.1:{port}", f"smtp://127.0.0.1:{free_port()}"):
            send = sender(Settings(smtp_url=address))
            assert send
            send("ada@shop.example", "Subject", "a secret link")
        said = eventually(lambda: [one.message for one in caplog.records], lambda lines: len(lines) == 2)
    assert len(said) == 2
    assert not any(word in line for line in said for word in ("secret", "wrong", "ada@"))


def test_without_a_server_there_is_no_mail() -> None:
    assert sender(Settings()) is None


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://host:port"]
)
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(BadSetting, match="SMTP_URL"):
        Settings.read({"WAYWISER_SMTP_URL": url})
