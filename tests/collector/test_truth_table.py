"""Who is one customer: every case in several orders of arrival, which a table in the documents shows."""

from __future__ import annotations

import random
from itertools import count, islice, permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from collector.pipeline import Tools, run
from store.events import EventStore
from store.identity import Identity, Ledger
from store.identity.graph import rows_of
from store.inbox import Envelope
from store.projects import create_project
from store.rules import ProjectRules
from store.settings import Settings
from tests.collector.conftest import NOW

DOCUMENT = Path(__file__).parents[2] / "docs" / "identity.md"
BEGIN, END = "<!-- truth table: begin -->", "<!-- truth table: end -->"
ORDERS = 3  # of each case, besides the one that is written
numbers = count(1)

# What happened (`kind who at browser, identifiers`), and who is one customer then; `?` marks a contested id.
CASES: list[tuple[str, list[str], str, str]] = [
    ("a visitor without a log-in", ["page b1"], "b1", ""),
    ("a log-in: what was before it counts, too", ["page b1", "identify ada b1"], "ada b1", ""),
    ("two browsers of one person", ["identify ada b1", "track ada b2"], "ada b1 b2", ""),
    ("reset() between two people", ["identify ada b1", "identify bob b2"], "ada b1 | bob b2", ""),
    (
        "two people, no reset()",
        ["identify ada b1", "identify bob b1"],
        "ada | bob | b1?",
        "b1–ada shared, b1–bob shared",
    ),
    ("alias of a visitor", ["page b1", "alias ada<b1"], "ada b1", ""),
    ("alias of a former user id", ["track old", "alias ada<old"], "ada old", ""),
    ("alias chain", ["alias ada<old", "alias old<older"], "ada old older", ""),
    (
        "two people, one of them renamed to the other",
        ["identify ada b1", "identify bob b1", "alias ada<bob"],
        "ada bob b1",
        "",
    ),
    (
        "one e-mail address, two visits",
        ["track b1 email=a@acme.net", "track b2 email=A@acme.net"],
        "b1 b2 a@acme.net",
        "",
    ),
    (
        "a visit joins by e-mail after a log-in elsewhere",
        ["identify ada b1 email=a@acme.net", "track b2 email=a@acme.net"],
        "ada b1 b2 a@acme.net",
        "",
    ),
    (
        "one e-mail address, two user ids",
        ["track ada email=a@acme.net", "track bob email=a@acme.net"],
        "ada a@acme.net | bob",
        "bob–a@acme.net two_users",
    ),
    ("a second CRM id", ["track ada crm_id=7", "track ada crm_id=8"], "ada 7 | 8", "ada–8 limit"),
    (
        "five e-mail addresses and a sixth",
        [f"track ada email={n}@acme.net" for n in "123456"],
        "ada 1@acme.net 2@acme.net 3@acme.net 4@acme.net 5@acme.net | 6@acme.net",
        "ada–6@acme.net limit",
    ),
    (
        "a placeholder joins nobody",
        ["track b1 email=test@test.com", "track b2 email=test@test.com"],
        "b1 | b2",
        "",
    ),
    ("a junk id joins nobody", ["track null b1", "track null b2"], "b1 | b2", ""),
    (
        "one address for more visitors than the limit (here 3)",
        [f"track b{n} email=a@acme.net" for n in "1234"],
        "b1 | b2 | b3 | b4 | a@acme.net",
        ", ".join(f"b{n}–a@acme.net neighbours" for n in "1234"),
    ),
    (
        "an e-mail address on a shared browser",
        ["identify ada b1", "identify bob b1", "track b1 email=a@acme.net"],
        "ada | bob | b1? | a@acme.net",
        "b1–ada shared, b1–bob shared, b1–a@acme.net shared",
    ),
    (
        "an operator says whose a shared browser is",
        ["identify ada b1", "identify bob b1", "merge b1+ada"],
        "ada b1 | bob",
        "b1–bob two_users",
    ),
    ("an operator merges two people", ["track ada", "track bob", "merge ada+bob"], "ada bob", ""),
    ("an operator keeps a log-in apart", ["identify ada b1", "apart b1+ada"], "ada | b1", ""),
]
FEW = ProjectRules(most_neighbours=3)


def named(word: str) -> Identity:
    """`b1` is a browser, `7` a CRM id, `x@y` an e-mail address, and a name a user."""
    if "@" in word:
        return Identity("email", word.lower())
    return (
        Identity("crm_id", word)
        if word.isdigit()
        else Identity("anonymous" if word[0] == "b" and word[1:].isdigit() else "user", word)
    )


def message(step: str, at: int) -> dict[str, Any]:
    kind, *words = step.split()
    given: dict[str, Any] = {"type": kind, "messageId": step, "timestamp": f"2025-10-09T08:50:{at:02}Z"}
    if kind == "track":
        given["event"] = "E"
    for word in words:
        if "=" in word:
            type, id = word.split("=")
            given["context"] = {"externalIds": [{"type": type, "id": id}]}
        elif "<" in word:
            given["userId"], given["previousId"] = word.split("<")
        else:
            given["anonymousId" if named(word).kind == "anonymous" else "userId"] = word
    return given


def take(ledger: Ledger, events: EventStore, project: int, step: str, at: int, tools: Tools) -> None:
    """One message through the pipeline and into both stores, or an operator's answer."""
    if step.split()[0] in ("merge", "apart"):
        a, b = (named(word).hash for word in step.split()[1].split("+"))
        (ledger.merge if step.startswith("merge") else ledger.keep_apart)(project, a, b, now=NOW)
        return
    outcome = run(
        Envelope(project=project, received_at=NOW, side="server", messages=[message(step, at)]), tools
    )
    assert outcome.drops == []
    events.insert(outcome.events, token=f"{project}-{step}")
    ledger.join(project, outcome.links)


def found(ledger: Ledger, engine: Engine, project: int, words: list[str]) -> tuple[str, str]:
    """Who is one customer and what was refused, as the cases write it."""
    with engine.connect() as connection:
        rows = rows_of(connection, project, [named(word).hash for word in words])
    groups: dict[int, list[str]] = {}
    for word in words:
        row = rows.get(named(word).hash)
        customer = row.customer if row else named(word).hash
        groups.setdefault(customer, []).append(word + ("?" if row and row.contested else ""))
    by_hash = {named(word).hash: word for word in words}
    refused = []
    for one in ledger.refused(project):
        a, b = sorted((by_hash[end.identity] for end in (one.a, one.b)), key=lambda word: named(word).kind)
        a, b = (a, b) if named(a).kind == "anonymous" else (b, a)
        refused.append(f"{a}–{b} {one.reason}")
    return " | ".join(" ".join(one) for one in groups.values()), ", ".join(sorted(refused))


def in_order(text: str, splitter: str = ", ") -> list[str]:
    return sorted(one for one in text.split(splitter) if one)


@pytest.mark.parametrize(("title", "steps", "customers", "refused"), CASES, ids=[case[0] for case in CASES])
def test_every_order_of_arrival_gives_the_customers_of_the_table(
    engine: Engine, events: EventStore, title: str, steps: list[str], customers: str, refused: str
) -> None:
    words = customers.replace("?", "").replace("|", "").split()
    tools = Tools.opened(Settings(), rules=lambda _: FEW)
    timed = list(enumerate(steps))
    # Operators answer what they see, so an answer comes after what it is about.
    answers = [one for one in timed if one[1].startswith(("merge", "apart"))]
    heard = [one for one in timed if one not in answers]
    others = list(islice(permutations(heard), 1, 720))
    for order in [tuple(heard), *random.Random(title).sample(others, min(ORDERS, len(others)))]:
        project = create_project(engine, key=f"t{next(numbers)}", name="T", now=0).id
        ledger = Ledger(engine, events, lambda _: FEW)
        for at, step in (*order, *answers):
            take(ledger, events, project, step, at, tools)
        whose, why = found(ledger, engine, project, words)
        assert {frozenset(one.split()) for one in whose.split(" | ")} == {
            frozenset(one.split()) for one in customers.split(" | ")
        }, order
        assert in_order(why) == in_order(refused), order
    tools.close()


def table() -> str:
    """The cases as the document shows them."""
    rows = ["| case | what happened, in any order | customers | refused |", "|---|---|---|---|"]
    for title, steps, customers, refused in CASES:
        whose = "<br>".join(f"`{one}`" for one in customers.split(" | "))
        why = "<br>".join(refused.split(", "))
        rows.append(f"| {title} | {'<br>'.join(f'`{step}`' for step in steps)} | {whose} | {why} |")
    return "\n".join(rows)


def test_the_table_in_the_document_is_the_one_that_is_tested() -> None:
    text = DOCUMENT.read_text()
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == table()
