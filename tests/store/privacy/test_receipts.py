"""What enters the inbox gets a receipt at once, which says when the envelope is on disk."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from store.inbox import Envelope, Inbox, InboxUnavailable, waiting


def envelope() -> Envelope:
    return Envelope(project=1, received_at=1, side="server", messages=[{"type": "track"}])


def test_the_receipt_is_done_when_the_envelope_is_on_disk(engine: Engine) -> None:
    inbox = Inbox(engine)
    receipts = [inbox.enter(envelope()), inbox.enter(envelope())]
    assert [one.result(timeout=30) for one in receipts] == [None, None]
    assert waiting(engine) == 2
    inbox.close()


def test_the_receipt_says_that_an_envelope_could_not_be_kept(engine: Engine) -> None:
    inbox = Inbox(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table inbox")
    receipt = inbox.enter(envelope())
    with pytest.raises(InboxUnavailable, match="no such table"):
        receipt.result(timeout=30)
    with pytest.raises(InboxUnavailable, match="no such table"):
        inbox.put(envelope())
    inbox.close()


def test_nothing_enters_while_the_disk_cannot_be_looked_at(engine: Engine) -> None:
    def gone() -> bool:
        raise OSError(5, "Input/output error")

    inbox = Inbox(engine, lacks_room=gone)
    with pytest.raises(InboxUnavailable, match="Input/output error"):
        inbox.enter(envelope())
    inbox.close()
    assert waiting(engine) == 0
