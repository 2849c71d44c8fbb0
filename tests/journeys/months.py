"""A journey of some months over a change of the clocks, some of whose customers are still under way."""

from __future__ import annotations

import json
import random
from datetime import datetime
from zoneinfo import ZoneInfo

from journeys.definitions import parse
from store.event import Event, event_id, identity_hash
from store.projects import Project

ZONE = "Europe/Berlin"
HOUR, DAY = 3_600_000, 86_400_000
START = int(datetime(2026, 2, 10, 15, tzinfo=ZoneInfo(ZONE)).timestamp() * 1000)
NOW = START + 75 * DAY + 7 * HOUR
PROJECT = Project(1, "p", "P", ZONE)
DEFINITION = parse(
    {
        "key": "j",
        "name": "J",
        "steps": [
            {"key": "look", "name": "Looks", "match": [{"event": "Look"}]},
            {"key": "ask", "name": "Asks", "optional": True, "match": [{"event": "Ask"}]},
            {"key": "buy", "name": "Buys", "match": [{"event": "Buy"}]},
        ],
        "fail_on": [{"event": "Leave"}],
        "idle_timeout": "6d",
        "window": "20d",
    }
)
PLANS = ["free", "pro", "team", None, 'odd, with "signs"', "Other"]


def history() -> list[Event]:
    """Runs of 400 customers, events of other kinds, traits that change, and accounts."""
    dice = random.Random(7)
    rows: list[Event] = []

    def add(kind: str, name: str, customer: int, at: int, **more: str) -> None:
        number = str(len(rows))
        rows.append(
            Event(
                project=1,
                event_id=event_id(number),
                message_id=number,
                type=kind,
                event=name,
                timestamp=at,
                received_at=at,
                sequence=len(rows),
                user_id=str(customer),
                identity=identity_hash("user", str(customer)),
                device=("mobile", "desktop")[customer % 2],
                country=("DE", "FR", "")[customer % 3],
                **more,
            )
        )

    for customer in range(400):
        at = START + dice.randrange(70 * DAY)
        if customer % 5 == 0:
            add("group", "", customer, at, group_id=f"acme-{customer % 35}")
        if customer % 2 == 0:
            add(
                "identify",
                "",
                customer,
                at - dice.randrange(DAY),
                traits=json.dumps({"plan": dice.choice(PLANS)}),
            )
        for _ in range(dice.randrange(1, 6)):
            bought = dice.random() < (0.5 if customer % 2 else 0.3)
            properties = {"size": dice.choice([1, 2, 3, None]), "tag": f"t{dice.randrange(40)}"}
            channel = dice.choice(["Email", "Email", "Direct", ""])
            medium = dice.choice(["mail", "", "cpc"])
            add(
                "track",
                "Look",
                customer,
                at,
                channel=channel,
                medium=medium,
                properties=json.dumps(properties),
            )
            at += dice.randrange(5 * DAY)
            if dice.random() < 0.4:
                add("track", "Ask", customer, at)
                at += dice.randrange(5 * DAY)
            if dice.random() < 0.3:
                add("identify", "", customer, at, traits=json.dumps({"plan": dice.choice(PLANS)}))
            if bought:
                add("track", "Buy", customer, at, properties=json.dumps({"size": dice.randrange(9)}))
            elif dice.random() < 0.2:
                add("track", "Leave", customer, at)
            at += dice.randrange(12 * DAY)
    return [row for row in rows if row.timestamp < NOW]
