"""Reads what waits in the inbox: which envelopes come next, and the envelopes themselves.

A thread that reads row by row waits for the interpreter after each, where another one computes. So the
numbers come as ranges, and SQLite answers for all envelopes in one row; PostgreSQL's driver fetches all rows
at once anyway.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

import msgspec
from sqlalchemy import Connection, text

from store.ranges import Range, Ranges

# Of the envelopes of one gap those that fit, as ranges of numbers that follow each other, and how much the
# envelopes up to there hold.
NEXT = text("""
with
several as (
    select id, events, length(body) as size
    from inbox
    where id between :first and :last
    order by id
    limit :events
),
summed as (
    select
        id, row_number() over line as place, sum(events) over line as events, sum(size) over line as size
    from several
    window line as (order by id rows between unbounded preceding and current row)
)
select min(id) as first, max(id) as last, max(events) as events, max(size) as size
from summed
where (events <= :events and size <= :size) or place <= :at_least
group by id - place
order by min(id)
""")

OF_RANGE = "from inbox where id between :first and :last"
ROW_BY_ROW = text(f"select project_id, events, received_at, body {OF_RANGE} order by id")
# What a table's rows are read by is their key, so they come in its order.
IN_ONE_ROW = text(
    "select json_group_array(json_array(project_id, events, received_at, length(body))), "
    f"cast(group_concat(body, '') as blob) {OF_RANGE}"
)
_facts = msgspec.json.Decoder(list[tuple[int, int, int | None, int]]).decode


class WaitingEnvelope(msgspec.Struct, frozen=True):
    """An envelope as it lies in the inbox. `project` can be read even where the body cannot."""

    project: int
    events: int
    received_at: int
    body: bytes


def next_in_line(connection: Connection, held: Ranges, *, most_events: int, most_bytes: int) -> Ranges:
    """The numbers of the next envelopes that are not held, as far as they fit; one at least, if any waits.

    PostgreSQL hands numbers out before they are committed, so a number that is not seen may come yet: the
    ranges are of numbers that were all seen, and of nothing in between.
    """
    found: list[Range] = []
    events, size = most_events, most_bytes
    for first, last in held.gaps():
        bound = {"first": first, "last": last, "events": events, "size": size, "at_least": 0 if found else 1}
        rows = connection.execute(NEXT, bound).all()
        found += [(row.first, row.last) for row in rows]
        if rows:
            events, size = events - rows[-1].events, size - rows[-1].size
        if events <= 0 or size <= 0:
            break
    return Ranges(found)


def waiting_in(connection: Connection, ranges: Ranges) -> list[WaitingEnvelope]:
    """The envelopes of these numbers."""
    read = _in_one_row if connection.dialect.name == "sqlite" else _row_by_row
    return [one for first, last in ranges for one in read(connection, {"first": first, "last": last})]


def _row_by_row(connection: Connection, bound: dict[str, int]) -> list[WaitingEnvelope]:
    return [
        WaitingEnvelope(project, events, received_at or 0, bytes(body))
        for project, events, received_at, body in connection.execute(ROW_BY_ROW, bound)
    ]


def _in_one_row(connection: Connection, bound: dict[str, int]) -> list[WaitingEnvelope]:
    facts, bodies = connection.execute(IN_ONE_ROW, bound).one()
    rows = _facts(facts)
    places = pairwise(accumulate((size for *_, size in rows), initial=0))
    return [
        WaitingEnvelope(project, events, received_at or 0, bodies[start:end])
        for (project, events, received_at, _), (start, end) in zip(rows, places, strict=True)
    ]
