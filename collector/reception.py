"""Takes in what a request carries: its key opens a project, each event gets its verdict, all goes to disk."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import Request, Response

from collector.counters import Traffic
from collector.decoding import decoded_events
from collector.door import Door
from collector.envelope import hide_addresses, refused, sealed
from collector.errors import Refusal, json_answer
from collector.keys import Keys
from collector.rates import Rates
from collector.usual import Usual, usual
from collector.visitors import Visitors
from collector.wire import Rejection, Verdicts, judged
from store.client_health import Health, read_health
from store.drops import DropRow
from store.hurry import take_time
from store.inbox import Envelope, Receipt
from store.projects import WriteKey

QUICK_EVENTS = 100  # so many can be taken in a hurry: with the slowest contents, in some milliseconds


class Reception:
    """What stands behind every endpoint that takes events; one for each application."""

    def __init__(self, door: Door) -> None:
        self.keys = Keys(door.engine, door.clock)
        self._door = door
        self._visitors = Visitors(door)
        limit = door.settings.rate_limit
        self._rates = Rates(limit, door.clock) if limit else None

    def take(self, request: Request, kind: str, raw: bytes, *, history: bool = False) -> Entered:
        """Read a body and `enter` its events; a batch that is usual in everything goes in as it came."""
        anonymize = self._door.settings.anonymize_ip
        batch = usual(raw, anonymize=anonymize) if kind == "batch" else None
        if batch and len(batch.messages) > QUICK_EVENTS:
            take_time()
        if batch and self._keeps_ids(key := self._admitted(request, batch.fields, history), batch):
            verdicts, said = Verdicts(accepted=batch.messages), batch.fields
            return self._lined_up(
                request, key, verdicts, said["sentAt"], history=history, health=said["health"]
            )
        body, sizes, deep = decoded_events(raw, kind)
        if isinstance(events := body.get("batch"), list) and len(events) > QUICK_EVENTS:
            take_time()
        return self.enter(request, kind, body, len(raw), sizes, deep, history=history)

    def enter(
        self,
        request: Request,
        kind: str,
        body: dict[str, Any],
        size: int,
        sizes: list[int] | None = None,
        deep: frozenset[int] = frozenset(),
        *,
        history: bool = False,
    ) -> Entered:
        """Judge the events of a body and line them up for the disk; raises Refusal or InboxUnavailable.

        In a hurry it raises TakesTime before it has charged or lined up anything.
        """
        key = self._admitted(request, body, history)
        cookieless = self._visitors.disguise(request, key, body)
        sent_at = body.get("sentAt")
        verdicts = judged(kind, body, size, sizes, deep)
        if self._door.settings.anonymize_ip and not cookieless:
            hide_addresses([*verdicts.accepted, *(message for _, message in verdicts.rejected)])
        health = read_health(body["health"]) if kind == "batch" and "health" in body else None
        return self._lined_up(
            request, key, verdicts, sent_at, cookieless=cookieless, history=history, health=health
        )

    def is_cookieless(self, key: WriteKey) -> bool:
        """Whether the project of a key keeps no ids in browsers."""
        return self._visitors.are_cookieless(key)

    def _keeps_ids(self, key: WriteKey, batch: Usual) -> bool:
        """Whether no event of a usual batch needs the hash of the day in place of ids."""
        return key.side == "server" or (batch.is_named and not self._visitors.are_cookieless(key))

    def _admitted(self, request: Request, fields: dict[str, Any], history: bool) -> WriteKey:
        key = self.keys.admit(request, fields)
        if history and key.side != "server":
            message = "history is imported with a server key, and this is a browser's"
            raise Refusal(403, "server_key_needed", message)
        return key

    def _lined_up(
        self,
        request: Request,
        key: WriteKey,
        verdicts: Verdicts,
        sent_at: Any,
        *,
        cookieless: bool = False,
        history: bool = False,
        health: Health | None = None,
    ) -> Entered:
        door = self._door
        if key.side != "server":
            health = None  # a browser's key is public: anybody could tell tales about a service with it
        is_empty = not (verdicts.accepted or verdicts.rejected or health)
        if not is_empty:
            door.inbox.require_room()  # before the rate is charged, which the sender would pay twice
        if self._rates:
            self._rates.charge(key.id, len(verdicts.accepted) + len(verdicts.rejected))
        if is_empty:
            return Entered(0, [], None, door.traffic)
        envelope = sealed(
            request,
            key,
            door.settings,
            messages=verdicts.accepted,
            sent_at=sent_at,
            now=door.clock(),
            cookieless=cookieless,
            history=history,
            health=health,
        )
        is_kept = verdicts.accepted or health
        receipt = door.inbox.enter(envelope if is_kept else None, _drops(envelope, verdicts))
        rejected = [rejection for rejection, _ in verdicts.rejected]
        return Entered(len(verdicts.accepted), rejected, receipt, door.traffic)


class Entered(NamedTuple):
    """What is judged and lined up; its receipt says when it is on disk.

    There is none where there was nothing to keep. The events themselves are let go: while the disk works,
    many requests wait, and memory that is used again at once is faster.
    """

    accepted: int
    rejected: list[Rejection]
    receipt: Receipt | None
    traffic: Traffic

    def kept(self) -> Verdict:
        """Wait until all is on disk, and count it; raises InboxUnavailable. To be called once."""
        if self.receipt:
            self.receipt.result()
            self.traffic.judged(self.accepted, [one.code for one in self.rejected])
        return _verdict(self.accepted, self.rejected)


class Verdict(NamedTuple):
    """What the sender is told: the status of the answer, and its JSON."""

    status: int
    body: dict[str, Any]

    def answer(self) -> Response:
        """As the answer of a view."""
        return json_answer(*self)


def _verdict(accepted: int, rejected: list[Rejection]) -> Verdict:
    """No success when there were events and all are rejected."""
    body = {"success": True, "accepted": accepted, "rejected": rejected}
    if accepted or not rejected:
        return Verdict(200, body)
    status = 413 if all(one.code == "too_large" for one in rejected) else 400
    message = f"no event was accepted: {rejected[0].message}"
    return Verdict(status, body | {"success": False, "code": "all_rejected", "message": message})


def _drops(envelope: Envelope, verdicts: Verdicts) -> list[DropRow]:
    return [
        refused(envelope, message, place="door", code=one.code, field=one.field, reason=one.message)
        for one, message in verdicts.rejected
    ]
