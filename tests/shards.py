"""A cluster in one process: the engine's own distributed execution, over shards that share one table.

The engine's configuration names a cluster whose shards are all this process. Each of them answers from the
same local tables, of which a filter shows it only the rows that the sharding key would put there. So every
question is planned, sent to n shards, answered in part by each and put together as on a cluster. What is not
shown: copies, of which an embedded engine keeps none (its tables are made without them), the keeper's queue
of statements for all servers, the network, and what happens when a shard is away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from store.cluster import EVERYWHERE, LOCAL, SHARDED

CLUSTER = "shards"
CONFIG = """
<clickhouse>
    <tcp_port>9000</tcp_port>
    <remote_servers><{cluster}>{shards}</{cluster}></remote_servers>
</clickhouse>
"""
SHARD = """
<shard>
    <internal_replication>true</internal_replication>
    <replica><host>127.0.0.1</host><port>9000</port></replica>
</shard>
"""
ON_CLUSTER = re.compile(rb"\son cluster (\w+)\b")
COPIED = re.compile(rb"Replicated(\w*MergeTree)\('[^']+', '[^']+'(?:, )?([^)]*)\)")
INTO = re.compile(rb"\s*(?:--[^\n]*\n\s*)*insert into\s+(?:`?\w+`?\.)?`?(\w+)", re.IGNORECASE)
# What needs other processes, or other tables than the one that all shards share.
NOT_HERE = {"prefer_localhost_replica", "load_balancing", "insert_quorum", "insert_quorum_timeout"}


class Shards:
    """What the front does to a statement, so that one process is the cluster."""

    def __init__(self, folder: Path, number: int) -> None:
        self.config = folder / "cluster.xml"
        self.config.write_text(CONFIG.format(cluster=CLUSTER, shards=SHARD * number))
        self._number = number

    def understood(self, statement: bytes, given: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        """The statement and its settings for this process; refuses what a cluster must not be asked."""
        named = set(ON_CLUSTER.findall(statement))
        if named - {CLUSTER.encode()}:
            raise RuntimeError(f"Code: 701. DB::Exception: Requested cluster {named} not found.")
        kept = {name: value for name, value in given.items() if name not in NOT_HERE}
        if into := INTO.match(statement):
            self._check_copies(into[1].decode(), given)
            # All shards write to one table here, which would take the second one's rows for a repeat.
            kept |= {"insert_deduplicate": "0"}
            kept.pop("insert_deduplication_token", None)
        if database := given.get("database"):
            kept["additional_table_filters"] = _of_each_shard(database, self._number)
        return COPIED.sub(rb"\1(\2)", ON_CLUSTER.sub(b"", statement)), kept

    def _check_copies(self, table: str, given: Mapping[str, str]) -> None:
        """What every server has must be everywhere before the insert returns."""
        if table in EVERYWHERE and self._number > 1 and given.get("insert_quorum") != str(self._number):
            raise RuntimeError(f"Code: 36. DB::Exception: {table} needs the quorum of all servers.")


def _of_each_shard(database: str, shards: int) -> str:
    """The setting that shows each shard its rows; who asks a local table itself sees all."""
    filters = {
        f"{database}.{table}{LOCAL}": f"shardNum() = 0 or {key} % {shards} = shardNum() - 1"
        for table, key in SHARDED.items()
        if key != "rand()"
    }
    return "{" + ", ".join(f"'{table}': '{condition}'" for table, condition in filters.items()) + "}"
