"""Runs drops through again: what would be accepted now goes back into the river, the rest says why it stays.

An event is counted once however often it is run again: as dropped until then, as accepted from then on. A
drop leaves in the transaction that puts its envelope into the inbox, so neither a crash nor a second replay
finds both or none. A message without an id gets one that its drop determines, and the worker knows copies of
a message by their ids, as of any message.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, RowMapping

from collector.pipeline import Reason, Tools, run
from collector.wire import judged
from store.db import writing
from store.drops import (
    Chosen,
    ReplayReport,
    StillRefused,
    count_drops,
    empty,
    newest_drop,
    next_drops,
    restate,
    take_drops,
)
from store.inbox import Envelope, Sealed, put_inside, sealed
from store.ingestion import add_counts, counts_of_drops, take_back

AT_ONCE = 200  # drops of one transaction; the door waits for it where both write to SQLite

NO_MESSAGE = "no_message"  # said of drops that hold nothing to run again; they keep the reason that they have

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Refused:
    """Why a drop stays one, and at which place it is refused now."""

    place: str
    code: str
    field: str
    message: str


@dataclass
class _Tally:
    looked_at: int = 0
    replayed: int = 0
    reached: int = 0
    last: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    said: dict[str, str] = field(default_factory=dict)

    def refuse(self, why: Refused) -> None:
        self.refused[why.code] += 1
        self.said.setdefault(why.code, why.message)

    def report(self, left: int) -> ReplayReport:
        reasons = tuple(StillRefused(code, self.said[code], n) for code, n in self.refused.most_common())
        return ReplayReport(
            replayed=self.replayed,
            still_refused=self.refused.total(),
            reasons=reasons,
            left=left,
            reached=self.reached,
            last=self.last,
        )


def replay(
    engine: Engine,
    project_id: int,
    chosen: Chosen,
    *,
    tools: Tools,
    most: int | None = None,
    dry_run: bool = False,
    progress: Progress = lambda _looked_at: None,
) -> ReplayReport:
    """Run the chosen drops of a project again, at most so many of them, the oldest first.

    A dry run changes nothing and reports what would happen. `progress(looked_at)` is told after every page.
    """
    tally = _Tally(reached=chosen.above)
    up_to = newest_drop(engine)  # what is dropped from now on is left for another time
    total = count_drops(engine, project_id, chosen, up_to=up_to)
    wanted = total if most is None else min(total, most)
    while tally.looked_at < wanted:
        limit = min(AT_ONCE, wanted - tally.looked_at)
        rows = next_drops(engine, project_id, chosen, up_to=up_to, limit=limit)
        if not rows:
            break
        _settle(engine, rows, tools, tally, dry_run)
        chosen = replace(chosen, above=tally.reached)
        progress(tally.looked_at)
    left = count_drops(engine, project_id, chosen, up_to=up_to) if wanted < total else 0
    return tally.report(left)


def _settle(engine: Engine, rows: Sequence[RowMapping], tools: Tools, tally: _Tally, dry_run: bool) -> None:
    """Judge some drops, then put the good ones into the inbox and write down why the others stay."""
    verdicts = [(row, verdict(row, tools)) for row in rows]
    ready = {row["id"]: (row, one) for row, one in verdicts if isinstance(one, Sealed)}
    refused = [(row, why) for row, why in verdicts if isinstance(why, Refused)]
    changed = [(row, why) for row, why in refused if _is_news(row, why)]
    gone = set(ready)
    if not dry_run and (ready or changed):
        with writing(engine) as connection:
            gone = take_drops(connection, [row for row, _ in ready.values()])
            tally.last = put_inside(connection, [one for number, (_, one) in ready.items() if number in gone])
            for row, why in changed:
                _restate(connection, row, why)
            _recount(connection, [row for row, _ in ready.values() if row["id"] in gone])
    tally.looked_at += len(rows)
    tally.reached = rows[-1]["id"]
    tally.replayed += len(gone)
    for _, why in refused:
        tally.refuse(why)


def _restate(connection: Connection, row: RowMapping, why: Refused) -> None:
    """Write down why a drop stays one; of an erased person's nothing else is kept."""
    if restate(connection, row, place=why.place, code=why.code, field=why.field, message=why.message):
        _recount(connection, [row], now=[{**row, "code": why.code}])
    if why.code == Reason.ERASED:
        empty(connection, [row])


def _recount(
    connection: Connection, rows: Sequence[RowMapping], now: Sequence[Mapping[Any, Any]] = ()
) -> None:
    """Let the ingestion counts say what the drops are now, and no longer what they were.

    Those of imports are not counted there.
    """
    take_back(connection, counts_of_drops([row for row in rows if row["place"] != "import"]))
    add_counts(connection, counts_of_drops([row for row in now if row["place"] != "import"]))


def verdict(row: RowMapping, tools: Tools) -> Sealed | Refused:
    """The envelope in which a drop would come back, or why it is refused now."""
    try:
        facts: dict[str, Any] = msgspec.json.decode(row["original"])
        message = facts.pop("message")
        envelope = msgspec.convert({**facts, "project": row["project_id"], "messages": []}, Envelope)
    except (msgspec.DecodeError, AttributeError, KeyError):
        return _nothing_to_run(row)
    if message is None or (row["place"] == "import" and not message):
        return _nothing_to_run(row)
    if isinstance(message, dict) and _is_blank(message.get("messageId")):
        message["messageId"] = _name(row)
    verdicts = judged("batch", {"batch": [message]}, len(row["original"]))
    for rejection, _ in verdicts.rejected:
        return _refused(row, "door", rejection.code, rejection.field, rejection.message)
    # Alone, not together with others: it would share what befalls them.
    envelope = msgspec.structs.replace(envelope, messages=verdicts.accepted)
    for drop in run(envelope, tools).drops:
        return _refused(row, "pipeline", drop.code, drop.field, drop.message)
    return sealed(envelope)


def _is_blank(message_id: Any) -> bool:
    return message_id is None or (isinstance(message_id, str) and not message_id.strip())


def _name(row: RowMapping) -> str:
    """A message id that is the same whenever this drop is run again. Numbers of drops can come again."""
    known = f"{row['project_id']}:{row['id']}:{row['received_at']}:".encode() + bytes(row["original"])
    return f"drop-{hashlib.blake2b(known, digest_size=16).hexdigest()}"


def _refused(row: RowMapping, place: str, code: str, field: str, message: str) -> Refused:
    if row["place"] != "import":
        return Refused(place, str(code), field, message)
    # Which file and row it was is what somebody needs to correct it, and how a second import finds it again.
    start, found, _ = row["message"].partition(f", {row['field']}: ")
    return Refused("import", row["code"], row["field"], f"{start}{found}{message}" if found else message)


def _nothing_to_run(row: RowMapping) -> Refused:
    cure = (
        "correct the row in its file and import the file again"
        if row["place"] == "import"
        else "only what is shown of it is left"
    )
    return Refused(row["place"], NO_MESSAGE, row["field"], f"no event could be read from it; {cure}")


def _is_news(row: RowMapping, why: Refused) -> bool:
    return why.code != NO_MESSAGE and (why.place, why.code, why.message) != (
        row["place"],
        row["code"],
        row["message"],
    )
