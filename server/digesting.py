"""Sends the weekly digests: on each project's Monday morning, one letter to each reader."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from datetime import date
from itertools import groupby

from sqlalchemy import Engine

from admin import digest
from server.chore import Chore
from server.house import House
from server.mail import NotSent, deliver
from server.opening import now_ms
from store import digests, kept
from store.digests import Reader
from store.events import EventStore
from store.projects import Project
from store.settings import Settings

log = logging.getLogger("waywiser.digest")

EVERY_S = 300.0
LATEST_MS = 48 * 3_600_000  # after the hour; what could not be sent until then is old news
AGAIN_MS = 3_600_000  # until a letter that was refused is tried again


class Digester:
    """Each process may have one: what one has sent, the others find sent."""

    def __init__(
        self, engine: Engine, events: EventStore, settings: Settings, clock: Callable[[], int]
    ) -> None:
        self._engine, self._events = engine, events
        self._settings, self._clock = settings, clock
        self.chore = Chore("digest", self.turn, every=EVERY_S, longest=3600)

    def turn(self) -> int:
        """Send every letter that is due; returns how many went out."""
        sent = 0
        if self._settings.smtp_url:
            for project, monday, waiting in self.due():
                try:
                    sent += self._send(project, monday, waiting)
                except Exception:  # what one project's journeys cannot do is not to keep others from theirs
                    log.exception("the digest of %s cannot be written; it is tried again", project.key)
        return sent

    def due(self) -> list[tuple[Project, date, list[Reader]]]:
        """Of each project whose Monday it is, who waits for the letter."""
        found, now = [], self._clock()
        for _, some in groupby(digests.readers(self._engine), key=lambda one: one.project.id):
            readers = list(some)
            project = readers[0].project
            monday = digest.monday_of(project.zone, now=now)
            hour = digest.sent_at(monday, project.zone)
            week = monday.isoformat()
            waiting = [one for one in readers if one.sent_for < week and one.since < hour]
            if waiting and hour <= now < hour + LATEST_MS:
                found.append((project, monday, waiting))
        return found

    def compose(self, project: Project, monday: date) -> digest.Digest:
        """What is said of the week before a Monday."""
        address, now = self._settings.address, self._clock()
        return digest.compose(self._engine, self._events, project, monday, address=address, now=now)

    def letter(self, written: digest.Digest, reader: Reader) -> digest.Letter:
        """The digest with the address by which this reader can stop it."""
        secret = self._settings.secret_key or kept.value(self._engine, "secret_key")
        address, project = self._settings.address, reader.project
        return digest.letter(written, stop=digest.stop_address(address, secret, reader.user_id, project.id))

    def _send(self, project: Project, monday: date, waiting: list[Reader]) -> int:
        week, written, sent = monday.isoformat(), None, 0
        for reader in waiting:
            if self.chore.is_stopping or not digests.hold(self._engine, reader, week, now=self._clock()):
                continue
            written = written or self.compose(project, monday)
            sent += self._hand_over(self.letter(written, reader), reader, week)
        if sent:
            log.info("the digest of %s for the week before %s went to %d readers", project.key, week, sent)
        return sent

    def _hand_over(self, letter: digest.Letter, reader: Reader, week: str) -> bool:
        if not digests.note_sent(self._engine, reader, week, now=self._clock()):
            return False
        try:
            deliver(
                self._settings,
                reader.email,
                letter.subject,
                letter.text,
                html=letter.html,
                headers=letter.headers,
            )
        except NotSent as error:
            digests.note_unsent(self._engine, reader, week, until=self._clock() + AGAIN_MS)
            log.error("a digest could not be sent (%s); it is tried again in an hour", error)
            return False
        except (OSError, smtplib.SMTPException) as error:
            # The server may have it, and nobody is to get it twice.
            log.error("the line was cut while a digest was sent (%s); it may be lost", type(error).__name__)
        return True


def digester_of(house: House) -> Digester:
    """The one of a process with this house."""
    return Digester(house.engine, house.events, house.settings, now_ms)
