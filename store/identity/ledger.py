"""The identity ledger: which identities are one customer, why, and since when.

Edges are only ever added or retracted; customers follow from them. A customer is named by the least
hash among its user identities (or its anonymous one), so the order of arrival makes no difference.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Engine, RowMapping, select

from store.db import read_rows
from store.events import EventStore
from store.identity import lookups
from store.identity.changes import Change, Rules, changing
from store.identity.graph import chunks, neighbours_of, rows_of
from store.identity.links import Identity, Link, Pair, earliest
from store.identity.memory import Memory
from store.identity.previews import Parted, RulesPreview, pages, preview, preview_rules
from store.identity.refusals import Refused, refused, refused_counts
from store.identity.telling import newest_told, tell, untold
from store.identity.touched import (
    Failed,
    Mark,
    failed_of,
    forget_touched,
    left,
    marks_of,
    note_failures,
    put_off,
    waiting,
)
from store.rules import ProjectRules
from store.tables import identities, ledgers

LINKS_AT_ONCE = 1_000  # a transaction keeps the door waiting
MOST_CHANGES = 50_000  # made elsewhere, that are read one by one
Progress = Callable[[int, int], None]


class Ledger:
    """The identities of all projects. What it has seen is remembered, so a known link costs nothing.

    Without `rules` it goes by those that the projects have saved.
    """

    def __init__(self, engine: Engine, events: EventStore, rules: Rules | None = None) -> None:
        self._engine = engine
        self._events = events
        self._rules = rules
        self._remembered: dict[int, Memory] = {}
        self._guard = threading.Lock()

    def join(self, project: int, links: Iterable[Link], *, now: int | None = None) -> set[int]:
        """Enter links; returns every customer that gained or lost an identity, old and new names."""
        first = earliest(links)
        if not first:
            return set()
        with self._guard:
            known = self._known(project)
            again = {one for pair in first for one in pair if one in known.contested}
            fresh = {pair: link for pair, link in first.items() if known.is_news(pair, link)}
        touched: set[int] = set()
        for some in chunks(sorted(fresh), LINKS_AT_ONCE) or ([[]] if again else []):
            enter = partial(_enter, links={pair: fresh[pair] for pair in some}, again=again)
            touched |= self._changed(project, enter, now)
            again = set()
        with self._guard:
            known.entered(fresh)
        return touched

    def customers_of(self, project: int, some: Iterable[int]) -> set[int]:
        """The customers that these identities may belong to; a contested one belongs to several."""
        owners, others = self.owners(project, some)
        return others.union(owners.values())

    def owners(self, project: int, some: Iterable[int]) -> tuple[dict[int, int], set[int]]:
        """The customer of each identity; beside them the customers that contested ones may belong to."""
        found, contested = self._whose(project, some)
        if not contested:
            return found, set()
        with self._engine.connect() as connection:
            beside = neighbours_of(connection, project, contested)
        others = {*self._whose(project, beside)[0].values(), *(found.pop(one) for one in contested)}
        return found, others | contested

    def identities_of(self, project: int, customers: Sequence[int]) -> list[int]:
        """Every identity whose events may belong to these customers."""
        return lookups.identities_of(self._engine, project, customers)

    def describe(self, project: int, customer: int) -> tuple[list[RowMapping], list[RowMapping]]:
        """The identities of one customer, and the edges that touch them, retracted ones included.

        An edge has the kind and value of both its ends: `a_kind`, `a_value`, `b_kind`, `b_value`.
        """
        return lookups.describe(self._engine, project, customer)

    def find(self, project: int, value: str, *, limit: int = 20) -> list[RowMapping]:
        """Identities whose value starts with `value`; an e-mail address or phone number only as a whole."""
        return lookups.find(self._engine, project, value, limit=limit)

    def carried(self, project: int, some: Sequence[int]) -> list[Identity]:
        """These identities by kind and value, as events carry them, where any does."""
        return lookups.carried(self._events, project, some)

    def unmerge(self, project: int, a: int, b: int, *, by: str = "", now: int) -> set[int]:
        """Retract the edge between two identities: they stay apart until an operator merges them.

        Returns the customers that changed; none where no edge stands.
        """
        return self._changed(project, lambda change: change.part(_pair(a, b), by, for_ever=False), now)

    def keep_apart(self, project: int, a: int, b: int, *, by: str = "", now: int) -> set[int]:
        """The same, also where nothing has tried to join the two yet."""
        return self._changed(project, lambda change: change.part(_pair(a, b), by, for_ever=True), now)

    def merge(self, project: int, a: int, b: int, *, by: str = "", now: int) -> set[int]:
        """Join two identities by an operator's word; only blocked values count before it.

        Returns the customers that changed; none where one of the two was never seen.
        """
        if (act := self._merger(project, a, b, by)) is None:
            return set()
        return self._changed(project, act, now)

    def take_back(self, project: int, a: int, b: int, *, by: str = "", now: int) -> set[int]:
        """Undo the last `merge`, `unmerge` or `keep_apart` of a pair; returns the customers that changed."""
        return self._changed(project, lambda change: change.take_back(_pair(a, b), by), now)

    def block(self, project: int, identity: int, *, by: str = "", now: int) -> set[int]:
        """Let none of an identity's edges join any more; returns the customers that changed."""
        return self._changed(project, lambda change: change.block(identity, by, at=now), now)

    def unblock(self, project: int, identity: int, *, by: str = "", now: int) -> set[int]:
        """Take `block` back."""
        return self._changed(project, lambda change: change.block(identity, by, at=None), now)

    def forget(self, project: int, some: Collection[int], *, now: int | None = None) -> set[int]:
        """Delete identities with their edges, here and not in the event store; returns the customers that
        changed."""
        return self._changed(project, lambda change: change.forget(some), now)

    def forget_chosen(
        self, project: int, choose: Callable[[Connection], Collection[int]], *, now: int | None = None
    ) -> set[int]:
        """The same for those that `choose` names while nobody else can change the ledger.

        What processes remember of links they read anew before. So a link of an event that comes too late for
        `choose` to see it is entered again, and waits for that until the others are deleted.
        """
        self._changed(project, Change.disown, now)
        return self._changed(project, lambda change: change.forget(choose(change.connection)), now)

    def refused(
        self, project: int, *, most: int = 100, after: int | None = None, reason: str = ""
    ) -> list[Refused]:
        """Edges that stand and join nothing, the newest first; for one reason, where it is given."""
        return refused(self._engine, project, most=most, after=after, reason=reason)

    def refused_counts(self, project: int) -> dict[str, int]:
        """How many edges stand and join nothing, by reason."""
        return refused_counts(self._engine, project)

    def preview_unmerge(self, project: int, a: int, b: int) -> Parted | None:
        """What `unmerge` (or `keep_apart`) would separate; None where no such edge stands."""
        return self._preview(project, (a, b), lambda change: change.part(_pair(a, b), "", for_ever=False))

    def preview_merge(self, project: int, a: int, b: int) -> Parted | None:
        """What `merge` would join; None where it would do nothing."""
        act = self._merger(project, a, b, "")
        return self._preview(project, (a, b), act) if act else None

    def preview_block(self, project: int, identity: int, *, blocked: bool = True) -> Parted | None:
        """What `block` (or `unblock`) would do; None where it would do nothing."""
        at = 0 if blocked else None
        return self._preview(project, (identity,), lambda change: change.block(identity, "", at=at))

    def preview_rules(
        self, project: int, rules: ProjectRules, *, progress: Progress | None = None
    ) -> RulesPreview:
        """What other rules would do to all customers. `progress` hears how many of how many are looked at."""
        return preview_rules(self._engine, project, rules, progress)

    def apply_rules(
        self, project: int, *, now: int | None = None, progress: Progress | None = None
    ) -> set[int]:
        """Work out all customers of a project anew, after its rules were changed; returns who changed.

        It can be cut off and begun again. `progress` hears how many of how many identities are done.
        """
        with self._engine.connect() as connection:
            every = list(pages(connection, project))
        touched, ahead, done, total = set[int](), set[int](), 0, sum(map(len, every))
        for page in every:
            reached = set[int]()
            act = partial(_settle_page, start=set(page) - ahead, reached=reached)
            touched |= self._changed(project, act, now)
            ahead = {one for one in ahead | reached if one > page[-1]}  # the others do not come again
            done += len(page)
            if progress:
                progress(done, total)
        return touched

    def catch_up(self) -> None:
        """Tell the event store what a crash has kept from it."""
        for project in untold(self._engine):
            tell(self._engine, self._events, project)

    def told(self, project: int) -> int:
        """Up to which version of the ledger the event store knows a project: what is computed from it now
        holds for all changes up to there."""
        with self._engine.connect() as connection:
            return connection.scalar(select(ledgers.c.told).where(ledgers.c.project_id == project)) or 0

    def marks(self, project: int, among: Collection[int]) -> dict[int, Mark]:
        """Those among these who wait to be computed, with marks that change with all that comes."""
        return marks_of(self._engine, project, among)

    def computed(self, project: int, marks: Mapping[int, Mark], *, version: int, now: int) -> None:
        """Note that the runs and sessions of these customers are right up to this version, and their marks,
        which were read before; who was put off meanwhile waits from now on."""
        forget_touched(self._engine, project, marks, version=version, now=now)

    def waiting(self, project: int, among: Collection[int] | None = None) -> set[int]:
        """Customers of a project whom changes have touched and nobody has computed since; all, or `among`
        these."""
        return waiting(self._engine, project, among)

    def left(self, *, before: int, most: int) -> Iterator[tuple[int, set[int]]]:
        """Customers by project, in portions, whom a change before this moment (ms) has touched, and whose
        runs and sessions nobody has computed since: their process ended, or it failed."""
        return left(self._engine, before=before, most=most)

    def put_off(self, project: int, customers: Collection[int], *, now: int) -> None:
        """Note that these customers are to be computed anew a while after this moment."""
        put_off(self._engine, project, customers, now=now)

    def could_not(self, project: int, problems: Mapping[int, str], *, now: int) -> None:
        """Note customers who could not be counted, and why; they are among those `left`, some times."""
        note_failures(self._engine, project, problems, now=now)

    def failed(self, project: int) -> list[Failed]:
        """Customers who could not be counted when it was tried last."""
        return failed_of(self._engine, project)

    def _changed(self, project: int, act: Callable[[Change], object], now: int | None) -> set[int]:
        """Make a change, then tell the event store."""
        with self._guard:
            least = self._known(project).version
        with changing(self._engine, project, self._rules, now=now, least=least) as change:
            act(change)
        tell(self._engine, self._events, project)
        return change.touched

    def _preview(self, project: int, some: tuple[int, ...], act: Callable[[Change], bool]) -> Parted | None:
        return preview(self._engine, self._events, project, some, act, self._rules, None)

    def _merger(self, project: int, a: int, b: int, by: str) -> Callable[[Change], bool] | None:
        """What a merge does; None where one of the two was never seen."""
        with self._engine.connect() as connection:
            there = rows_of(connection, project, {a, b})
        fresh = lookups.carried(self._events, project, sorted({a, b} - there.keys()))
        if len(there) + len(fresh) < 2:
            return None

        def act(change: Change) -> bool:
            change.name(fresh)
            return change.join_by_operator(_pair(a, b), by)

        return act

    def _known(self, project: int) -> Memory:
        """What is remembered of a project, brought up to what other processes have changed."""
        with self._engine.connect() as connection:
            mark = connection.execute(select(ledgers).where(ledgers.c.project_id == project)).first()
            known = self._remembered.get(project)
            if mark is not None and known is not None and mark.version > known.version >= mark.forgotten:
                query = (
                    select(identities.c.identity, identities.c.customer, identities.c.contested)
                    .where(identities.c.project_id == project, identities.c.changed > known.version)
                    .limit(MOST_CHANGES)
                )
                rows = read_rows(connection, query)
                for row in rows:
                    known.learn(row.identity, row.customer, row.contested)
                known.version = mark.version
                known = known if len(rows) < MOST_CHANGES else None
            if known is None or (mark is not None and mark.version > known.version):
                contested = select(identities.c.identity).where(
                    identities.c.project_id == project, identities.c.contested.is_(True)
                )
                version = mark.version if mark else newest_told(self._events, project)
                known = Memory(version, connection.scalars(contested))
                self._remembered[project] = known
        if mark is not None and mark.told < mark.version:
            tell(self._engine, self._events, project)
        return known

    def _whose(self, project: int, some: Iterable[int]) -> tuple[dict[int, int], set[int]]:
        """The customer of each identity, and which of these are contested."""
        asked = set(some)
        with self._guard:
            known = self._known(project)
            found: dict[int, int] = {}
            missing = []
            for one in asked:
                if (customer := known.customer(one)) is None:
                    missing.append(one)
                else:
                    found[one] = customer
            for chunk in chunks(missing):
                found |= self._learned(project, known, chunk)
            return found, asked & known.contested

    def _learned(self, project: int, known: Memory, some: Sequence[int]) -> dict[int, int]:
        """The customers of identities, remembered from now on; one that the ledger has not is its own."""
        found = {one: (one, False) for one in some}
        columns = select(identities.c.identity, identities.c.customer, identities.c.contested)
        query = columns.where(identities.c.project_id == project, identities.c.identity.in_(some))
        with self._engine.connect() as connection:
            found |= {row.identity: (row.customer, row.contested) for row in read_rows(connection, query)}
        for one, (customer, contested) in found.items():
            known.learn(one, customer, contested)
        return {one: customer for one, (customer, _) in found.items()}


def _enter(change: Change, links: Mapping[Pair, Link], again: Collection[int]) -> None:
    change.enter(links)
    change.see_again(again)


def _settle_page(change: Change, start: set[int], reached: set[int]) -> None:
    reached |= change.settle(start, walled=False).rows.keys()


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)
