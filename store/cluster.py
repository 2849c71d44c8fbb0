"""The event store on a cluster: local tables on every shard, and one table of the old name over all of them.

Every statement of the migrations becomes statements for all servers of a cluster. Questions name the same
tables as on one server, so they are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from store.complaint import Complaint

# Rows of these lie on one shard each. What is asked together lies together: an identity, a customer.
SHARDED = {
    "events": "cityHash64(identity)",
    "message_ids": "cityHash64(event_id)",
    "journey_runs": "cityHash64(customer)",
    "customer_sessions": "cityHash64(customer)",
    "probes": "rand()",
}
# These are joined with what lies on each shard: every server has all of their rows.
EVERYWHERE = {"identity_customers", "identity_history", "session_generations", "migrations_applied"}
# Views that each shard answers for its own rows.
VIEWS = {"customer_events": "cityHash64(identity)", "sessions": "cityHash64(customer)"}

LOCAL = "_local"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# How a server is to treat its shards; of no effect where there are none. What a join or `in` needs of all
# shards is read once and sent to each of them. Rows are there when an insert returns. Whoever reads what was
# just written asks the same copies: the first that is alive of each shard, wherever the question came in. And
# shards that hold none of the identities or customers in question are not asked.
SETTINGS = {
    "distributed_product_mode": "global",
    "distributed_foreground_insert": 1,
    "parallel_distributed_insert_select": 0,
    "load_balancing": "in_order",
    "prefer_localhost_replica": 0,
    "optimize_skip_unused_shards": 1,
}

TABLE = re.compile(
    r"create table (?:if not exists )?(?P<name>\w+) (?P<columns>\(.*\))\s*"
    r"engine = (?P<engine>\w*MergeTree)(?:\((?P<given>[^)]*)\))?(?P<rest>\s.*)",
    re.DOTALL,
)
VIEW = re.compile(r"create view (?:if not exists )?(?P<name>\w+) as\b(?P<rest>.*)", re.DOTALL)
KEEPING = re.compile(
    r"create materialized view (?:if not exists )?(?P<name>\w+) to (?P<rest>\w+ as\b.*)", re.DOTALL
)
ALTER = re.compile(r"alter table (?P<name>\w+) (?P<action>.*)", re.DOTALL)
WRITES = re.compile(r"\s*(?:--[^\n]*\n\s*)*insert into (?P<name>\w+)\b", re.IGNORECASE)
INSERT = re.compile(r"insert into (?P<name>\w+) .*", re.DOTALL)

WINDOW = "non_replicated_deduplication_window = 10000"
WINDOW_OF_COPIES = "replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800"


class ClusterError(Complaint):
    """A statement or a store cannot be brought to a cluster."""


def checked(name: str) -> str:
    """The name of a cluster or a database, which must be one in statements too."""
    if not NAME.fullmatch(name):
        raise ClusterError(f"{name!r} is no name for a cluster or its database: use letters, digits and _")
    return name


def first_statements(cluster: str, database: str) -> list[str]:
    """What must be there before the migrations are."""
    return [f"create database if not exists {checked(database)} on cluster {checked(cluster)}"]


def on_cluster(statement: str, cluster: str, database: str) -> list[str]:
    """What a statement of a migration becomes on a cluster; raises ClusterError where nobody has said it."""
    there = Place(checked(cluster), checked(database))
    for pattern, made in KINDS:
        if found := pattern.fullmatch(statement):
            return made(there, found)
    raise ClusterError(f"nobody has said what this becomes on a cluster: {statement[:80]}")


class Place(NamedTuple):
    """Which cluster, and which of its databases."""

    cluster: str
    database: str

    def table(self, found: re.Match[str]) -> list[str]:
        """A table of copies on each shard and one over all; or copies of the whole on every server."""
        name, given = found["name"], found["given"]
        if name in EVERYWHERE:
            return [self._copied(found, name, shard="all", copy="{shard}-{replica}", given=given)]
        if name not in SHARDED:
            raise ClusterError(f"say in {__name__} where the rows of {name} lie on a cluster")
        local = self._copied(found, name + LOCAL, shard="{shard}", copy="{replica}", given=given)
        return [local, self._over_shards(name, SHARDED[name])]

    def view(self, found: re.Match[str]) -> list[str]:
        """A view of each shard's own rows, and one table over all of them."""
        name = found["name"]
        if name not in VIEWS:
            raise ClusterError(f"say in {__name__} by what {name} is told apart on a cluster")
        body = re.sub(rf"\bfrom ({'|'.join(SHARDED)})\b", rf"from \1{LOCAL} as \1", found["rest"])
        local = f"create view if not exists {name}{LOCAL} on cluster {self.cluster} as{body}"
        return [local, self._over_shards(name, VIEWS[name])]

    def keeping(self, found: re.Match[str]) -> list[str]:
        """A view that keeps what is inserted, on every server: only that which takes an insert keeps it."""
        start = f"create materialized view if not exists {found['name']} on cluster {self.cluster}"
        return [f"{start} to {found['rest']}"]

    def alteration(self, found: re.Match[str]) -> list[str]:
        """Settings are each copy's own, all else is told by a copy to the others of its table."""
        name, action = found["name"], found["action"]
        if name not in SHARDED.keys() | EVERYWHERE:
            raise ClusterError(f"say in {__name__} where the rows of {name} lie on a cluster")
        is_setting = action.startswith("modify setting")
        if name in EVERYWHERE:
            return [f"alter table {name} {self._all if is_setting else ''}{action}"]
        both = [name + LOCAL] if is_setting else [name + LOCAL, name]
        return [f"alter table {one} {self._all}{action}" for one in both]

    def insertion(self, found: re.Match[str]) -> list[str]:
        """Rows find their shards and copies by themselves."""
        return [found[0]]

    @property
    def _all(self) -> str:
        return f"on cluster {self.cluster} "

    def _copied(self, found: re.Match[str], name: str, *, shard: str, copy: str, given: str | None) -> str:
        path = f"/clickhouse/tables/{self.cluster}/{shard}/{self.database}/{name}"
        arguments = ", ".join([f"'{path}'", f"'{copy}'", *([given] if given else [])])
        rest = found["rest"].replace(WINDOW, WINDOW_OF_COPIES)
        return (
            f"create table if not exists {name} on cluster {self.cluster} {found['columns']}\n"
            f"engine = Replicated{found['engine']}({arguments}){rest}"
        )

    def _over_shards(self, name: str, key: str) -> str:
        return (
            f"create table if not exists {name} on cluster {self.cluster} as {name}{LOCAL}\n"
            f"engine = Distributed({self.cluster}, {self.database}, {name}{LOCAL}, {key})"
        )


def writes_everywhere(statement: str) -> bool:
    """Whether a statement writes rows that every server has."""
    found = WRITES.match(statement)
    return found is not None and found["name"] in EVERYWHERE


def cluster_of(engine: str) -> str:
    """The cluster of a table over all shards, by what the server says of its engine."""
    found = re.match(r"Distributed\('?(\w+)'?,", engine)
    if found is None:
        raise ClusterError(f"a table over all shards says of itself that it is {engine}")
    return found[1]


KINDS: list[tuple[re.Pattern[str], Callable[[Place, re.Match[str]], list[str]]]] = [
    (TABLE, Place.table),
    (VIEW, Place.view),
    (KEEPING, Place.keeping),
    (ALTER, Place.alteration),
    (INSERT, Place.insertion),
]
