"""Senders that write down what was acknowledged, and the verdict over what was stored."""

from __future__ import annotations

import json
import random
import threading
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any, Self
from urllib.parse import urlsplit

PEOPLE = 60
FIRST = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=75)
SPREAD_S = 70 * 86_400  # three or four months: one batch goes to several partitions


def message(name: str, *, weight: int = 0) -> dict[str, Any]:
    """The message of this id; all of it follows from the id, so that every copy is equal."""
    number = zlib.crc32(name.encode())
    person, number = number % PEOPLE, number // PEOPLE
    device = f"device-{person}-{number % 3}" if number % 40 else "device-of-all"
    at = FIRST + timedelta(seconds=number % SPREAD_S)
    fields: dict[str, Any] = {"messageId": name, "timestamp": at.isoformat(), "anonymousId": device}
    if number % 5 == 0:
        return fields | {"type": "identify", "userId": f"user-{person}"}
    if number % 40 == 1:
        return fields | {"type": "track", "userId": f"user-{person}", "event": "Signed Up"}
    properties = {"note": "x" * weight} if weight else {}
    event = ("Opened", "Looked", "Paid")[number % 3]
    return fields | {"type": "track", "event": event, "properties": properties}


class Load:
    """Sender threads that post until the block ends, with resends, copies in a batch, and twins.

    A twin is one request sent twice at the same moment, to two addresses where there are two.
    """

    def __init__(
        self, addresses: Sequence[str], key: str, name: str, *, senders: int = 4, weight: int = 0
    ) -> None:
        self._addresses = addresses
        self._authorization = "Basic " + b64encode(f"{key}:".encode()).decode()
        self._name, self._weight = name, weight
        self._own = threading.local()
        self._connections: list[HTTPConnection] = []
        self._stopping = threading.Event()
        self._twins = ThreadPoolExecutor(senders)
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(senders)]
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.answers: Counter[int] = Counter()  # by status; 0 stands for a broken connection
        self.impatient: list[int] = []  # refusals that did not say when to come again

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._twins.shutdown()
        for connection in self._connections:
            connection.close()

    def _send(self, sender: int) -> None:
        dice = random.Random(f"{self._name}-{sender}")
        turn = 0
        past: list[list[str]] = []
        while not self._stopping.is_set():
            turn += 1
            names = [f"{self._name}-{sender}-{turn}-{n}" for n in range(dice.choice([1, 1, 3, 20]))]
            if past and dice.random() < 0.2:  # a client that resends, whether it was answered or not
                names = dice.choice(past[-20:])
            elif len(names) > 1 and dice.random() < 0.2:
                names.append(names[0])
            past.append(names)
            here, there = (
                dice.sample(self._addresses, 2) if len(self._addresses) > 1 else [*self._addresses] * 2
            )
            twin = self._twins.submit(self._post, there, names) if dice.random() < 0.3 else None
            took = self._post(here, names)
            if not (took or (twin and twin.result())):
                self._stopping.wait(0.05)

    def _post(self, address: str, names: list[str]) -> bool:
        """Send these messages in one request; returns whether all were acknowledged."""
        self.sent.update(names)
        messages = [message(name, weight=self._weight) for name in names]
        status, answer = self._ask(address, messages)
        self.answers[status] += 1
        took = status == 200 and answer["accepted"] == len(names)
        if took:
            self.acknowledged.update(names)
        return took

    def _ask(self, address: str, messages: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        path, body = "/v1/batch", {"batch": messages}
        if len(messages) == 1:
            path, body = f"/v1/{messages[0]['type']}", messages[0]
        try:
            connection = self._connection(address)
            headers = {"Authorization": self._authorization, "Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            if answer.status in (429, 503) and not (answer.headers["Retry-After"] or "").isdigit():
                self.impatient.append(answer.status)
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, HTTPException):
            self._connection(address).close()  # the next request opens it again
            return 0, {}

    def _connection(self, address: str) -> HTTPConnection:
        """This thread's connection to an address."""
        held: dict[str, HTTPConnection] = self._own.__dict__.setdefault("held", {})
        if address not in held:
            held[address] = HTTPConnection(urlsplit(address).netloc, timeout=20)
            self._connections.append(held[address])
        return held[address]


def acknowledged(loads: Iterable[Load]) -> set[str]:
    """All messages that one of these loads got a yes for."""
    return {name for load in loads for name in load.acknowledged}


def verdict(loads: Sequence[Load], stored: Iterable[str]) -> dict[str, list[str]]:
    """What is wrong with the stored messages: lost, stored twice, or never sent. NOTHING_WRONG is right."""
    times = Counter(stored)
    sent = {name for load in loads for name in load.sent}
    return {
        "lost": sorted(acknowledged(loads) - set(times)),
        "twice": sorted(name for name, n in times.items() if n > 1),
        "never sent": sorted(set(times) - sent),
    }


NOTHING_WRONG: dict[str, list[str]] = {"lost": [], "twice": [], "never sent": []}
