"""Erasures: whom one is about, the job that survives a restart, and what is deleted from the event store."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Row, RowMapping, func, or_, select, update

from store.complaint import Complaint
from store.db import writing
from store.event import identity_hash
from store.events import EventStore
from store.identity import Ledger
from store.identity.components import OWN_KINDS
from store.identity.identifiers import normal
from store.leases import is_over
from store.privacy.suppression import key_of, suppress
from store.tables import edges, identities, inbox
from store.tables_privacy import erasures
from store.words import tell

log = logging.getLogger("waywiser.erasure")

DONE = "done"
FIRST_STAGE = "count"
HOLD_MS = 10 * 60_000  # a process that is silent for longer is taken for dead


class NotErasable(Complaint):
    """Somebody cannot be erased as asked; the message says why and what to do."""


class OthersWork(Exception):
    """Another process took the erasure over, because this one was silent for long."""


class Known(msgspec.Struct, frozen=True):
    """One id of the customer."""

    identity: int
    kind: str
    value: str


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """A customer to be erased.

    `own` are its identities. `shared` ones belong to other customers too, who keep them; `neighbours` are
    these customers. Events with a shared id go where they are this customer's.
    """

    customer: int
    own: tuple[Known, ...]
    shared: tuple[int, ...] = ()
    neighbours: tuple[int, ...] = ()

    @property
    def numbers(self) -> list[int]:
        """The numbers of its own identities: each may have been the customer's name at some time."""
        return sorted({one.identity for one in self.own} | {self.customer})

    @property
    def may_be_named(self) -> set[int]:
        """Its identities, and its ids as the other kind too: an alias does not say which of them it means."""
        either = {
            identity_hash(kind, one.value) for one in self.own if one.kind in OWN_KINDS for kind in OWN_KINDS
        }
        return either | set(self.numbers)

    @property
    def name(self) -> str:
        """The id that is typed to confirm: a user id where there is one."""
        users = sorted(one.value for one in self.own if one.kind == "user")
        others = sorted(one.value for one in self.own if one.kind != "user" and one.value)
        return next(iter((*users, *others)), str(self.customer))

    def is_named_by(self, text: str) -> bool:
        """Whether this is one of its own ids, in whatever way it is written."""
        said = text.strip()
        return any(
            said.casefold() == one.value.casefold()
            or identity_hash(one.kind, normal(one.kind, said)) == one.identity
            for one in self.own
        )

    @property
    def browsers(self) -> list[str]:
        """Its anonymous ids as they stand in events."""
        return [one.value for one in self.own if one.kind == "anonymous"]


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure that was asked for. `whom` is None when it is done."""

    id: int
    project: int
    asked_by: str
    asked_at: int
    is_rewriting: bool
    stage: str
    whom: Whom | None
    waits_for: dict[str, Any]
    counts: dict[str, dict[str, int]]
    problem: str
    held_until: int
    finished_at: int | None
    receipt: dict[str, Any] | None

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.stage == DONE

    @property
    def sums(self) -> dict[str, int]:
        """What was found, of all passes."""
        kinds = {kind for one in self.counts.values() for kind in one}
        return {kind: sum(one.get(kind, 0) for one in self.counts.values()) for kind in sorted(kinds)}


def find_whom(events: EventStore, ledger: Ledger, project: int, number: int) -> Whom | None:
    """Whom the number of a customer means, or None where nothing is known of it. Raises NotErasable."""
    nodes, _ = ledger.describe(project, number)
    mine = {node["identity"]: node for node in nodes}.get(number)
    if mine is not None and mine["contested"]:
        raise NotErasable(
            tell(
                "several people used this id, so its events are theirs; erase each of them, and the id goes "
                "with the last"
            )
        )
    customer = mine["customer"] if mine is not None else number
    if customer != number:
        nodes, _ = ledger.describe(project, customer)
    own = [_known(node) for node in nodes if not node["contested"] and node["customer"] == customer]
    own += _hanging(ledger, project, customer, {one.identity for one in own})
    own = own or _carried(events, project, customer)
    if not own:
        return None
    shared = tuple(sorted(node["identity"] for node in nodes if node["contested"]))
    whom = Whom(customer=customer, own=tuple(own), shared=shared)
    others = ledger.customers_of(project, shared) - set(shared) - {customer} if shared else set()
    return msgspec.structs.replace(whom, neighbours=tuple(sorted(others)))


def _hanging(ledger: Ledger, project: int, customer: int, own: set[int]) -> list[Known]:
    """Typed identifiers that were refused to join, and lead to nobody else."""
    _, edges = ledger.describe(project, customer)
    kinds = {edge[end]: edge[f"{end}_kind"] for edge in edges for end in ("a", "b")}
    found = []
    for one in sorted(one for one, kind in kinds.items() if kind not in OWN_KINDS and one not in own):
        nodes, beside = ledger.describe(project, one)
        if all({edge["a"], edge["b"]} <= own | {one} for edge in beside):
            found += [_known(node) for node in nodes if node["identity"] == one]
    return found


def _known(node: RowMapping) -> Known:
    return Known(node["identity"], node["kind"], node["value"])


def _carried(events: EventStore, project: int, identity: int) -> list[Known]:
    """An identity that was never joined to another is known by its events alone."""
    rows = events.query(
        "select any(user_id) as user, any(anonymous_id) as anonymous from events "
        "where project = {project:UInt32} and identity = {identity:UInt64} having count() > 0",
        {"project": project, "identity": identity},
    )
    return [
        Known(identity, "user" if row["user"] else "anonymous", row["user"] or row["anonymous"])
        for row in rows
    ]


def begin(engine: Engine, project: int, whom: Whom, *, by: str, now: int, rewrite: bool = False) -> Erasure:
    """Ask for an erasure. From this moment on what comes of the customer is dropped."""
    key = key_of(engine)
    row = {
        "project_id": project,
        "asked_by": by,
        "asked_at": now,
        "is_rewriting": rewrite,
        "stage": FIRST_STAGE,
        "whom": msgspec.to_builtins(whom),
        "waits_for": {},
        "counts": {},
        "held_until": 0,
        "problem": "",
    }
    with writing(engine) as connection:
        if known := _under_way(connection, project, whom.customer):
            return known
        made = connection.execute(erasures.insert().values(row).returning(erasures)).one()
        suppress(connection, key, project, whom.may_be_named, erasure=made.id)
        return _erasure(made)


def is_under_way(engine: Engine, project: int, customer: int) -> bool:
    """Whether this customer is being erased."""
    with engine.connect() as connection:
        return _under_way(connection, project, customer) is not None


def _under_way(connection: Connection, project: int, customer: int) -> Erasure | None:
    waiting = select(erasures).where(erasures.c.project_id == project, erasures.c.stage != DONE)
    found = map(_erasure, connection.execute(waiting))
    return next((one for one in found if one.whom and one.whom.customer == customer), None)


def claim(engine: Engine, *, now: int) -> Erasure | None:
    """Take the oldest erasure that nobody works on."""
    free = (erasures.c.stage != DONE) & is_over(erasures.c.held_until, now, HOLD_MS)
    oldest = select(erasures.c.id).where(free).order_by(erasures.c.held_until, erasures.c.id).limit(1)
    with engine.connect() as connection:
        number = connection.scalar(oldest)
    if number is None:
        return None
    take = update(erasures).where(erasures.c.id == number, free).values(held_until=now + HOLD_MS)
    with writing(engine) as connection:
        row = connection.execute(take.returning(erasures)).one_or_none()
    return _erasure(row) if row else None


def advance(engine: Engine, job: Erasure, *, now: int, **values: Any) -> Erasure:
    """Write down what a stage came to, and hold the erasure longer. Raises OthersWork."""
    mine = (erasures.c.id == job.id) & (erasures.c.stage == job.stage)
    told = {"problem": "", "held_until": now + HOLD_MS, **values}
    with writing(engine) as connection:
        change = update(erasures).where(mine).values(told).returning(erasures)
        row = connection.execute(change).one_or_none()
    if row is None:
        raise OthersWork
    return _erasure(row)


def note(engine: Engine, job: Erasure, *, problem: str, held_until: int) -> None:
    """Give an erasure back, with the reason why it is not done; not one that another process took over."""
    mine = erasures.c.id == job.id, erasures.c.stage == job.stage, erasures.c.held_until == job.held_until
    with writing(engine) as connection:
        connection.execute(update(erasures).where(*mine).values(problem=problem, held_until=held_until))


def erasure_of(engine: Engine, project: int, number: int) -> Erasure | None:
    """One erasure of a project."""
    query = select(erasures).where(erasures.c.project_id == project, erasures.c.id == number)
    with engine.connect() as connection:
        row = connection.execute(query).one_or_none()
    return _erasure(row) if row else None


def erasures_of(engine: Engine, project: int, *, below: int | None = None, most: int = 50) -> list[Erasure]:
    """The erasures of a project, the newest first."""
    query = select(erasures).where(erasures.c.project_id == project)
    if below is not None:
        query = query.where(erasures.c.id < below)
    with engine.connect() as connection:
        return [_erasure(row) for row in connection.execute(query.order_by(erasures.c.id.desc()).limit(most))]


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        id=row.id,
        project=row.project_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        is_rewriting=row.is_rewriting,
        stage=row.stage,
        whom=msgspec.convert(row.whom, Whom) if row.whom else None,
        waits_for=row.waits_for,
        counts=row.counts,
        problem=row.problem,
        held_until=row.held_until,
        finished_at=row.finished_at,
        receipt=row.receipt,
    )


def newest_envelope(engine: Engine, project: int) -> int:
    """The highest number of an envelope of the project that waits or is being carried; 0 where none does."""
    with engine.connect() as connection:
        return connection.scalar(select(func.max(inbox.c.id)).where(inbox.c.project_id == project)) or 0


def envelopes_left(engine: Engine, project: int, up_to: int) -> int:
    """How many of the envelopes up to this number are not worked off yet."""
    query = select(func.count()).where(inbox.c.project_id == project, inbox.c.id <= up_to)
    with engine.connect() as connection:
        return connection.execute(query).scalar_one()


def ledger_counts(engine: Engine, project: int, some: Sequence[int]) -> dict[str, int]:
    """How many identities and edges the ledger has of these, edges that were taken back included."""
    mine = identities.c.project_id == project, identities.c.identity.in_(some)
    with engine.connect() as connection:
        return {
            "identities": connection.scalar(select(func.count()).where(*mine)) or 0,
            "edges": connection.scalar(select(func.count()).where(*_touching(project, some))) or 0,
        }


def _touching(project: int, some: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    return edges.c.project_id == project, or_(edges.c.a.in_(some), edges.c.b.in_(some))
