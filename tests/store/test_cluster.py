"""The event store on a cluster: which tables lie where, that the engine takes them, and that rows go."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.commands.setup import migrate
from store.cluster import EVERYWHERE, SHARDED, VIEWS, ClusterError, on_cluster
from store.event import Event, event_id, identity_hash
from store.event_errors import EventStoreError
from store.events import EventStore
from store.migrate import cluster_statements, migrate_events
from store.privacy import deletion, retention
from store.privacy.horizon import Horizon
from tests.installation import eventually
from tests.served import served
from tests.shards import CLUSTER

STATEMENTS = cluster_statements("big", "ww")
PEOPLE = [identity_hash("user", str(n)) for n in range(40)]
DAY = 86_400_000

COPIED = r"exists (\w+) on cluster big .*engine = Replicated\w+\('([^']+)'"

# The engine itself makes the tables with their copies: in a process of its own, with a keeper in memory.
WITH_COPIES = """
import os, sys, chdb
connection = chdb.connect(f"{sys.argv[1]}/engine?config-file={sys.argv[1]}/cluster.xml")
for statement in open(f"{sys.argv[1]}/statements.sql").read().split(";;"):
    connection.query(statement)
made = "select name, engine from system.tables where database = 'ww'"
print(connection.query(made, "TabSeparated"), flush=True)
os._exit(0)  # the engine does not stop tables in an orderly way whose keeper it holds itself
"""
CONFIG = """
<clickhouse>
    <tcp_port>9000</tcp_port>
    <remote_servers><big><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></big></remote_servers>
    <zookeeper><implementation>testkeeper</implementation></zookeeper>
    <macros><shard>01</shard><replica>first</replica></macros>
</clickhouse>
"""


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: one[:60].replace("\n", " "))
def test_the_engine_can_read_every_statement(shared_events: EventStore, statement: str) -> None:
    shared_events.query(f"explain ast {statement}")


def test_the_engine_makes_these_tables_with_their_copies(tmp_path: Path) -> None:
    # Copies that have no server's port to meet at take no rows and no changes.
    made_here = [one for one in STATEMENTS if one.startswith(("create", "use"))]
    local = [re.sub(r" on cluster big\b", "", one) for one in made_here]
    assert any("Replicated" in one for one in local)
    (tmp_path / "statements.sql").write_text(";;".join(local))
    (tmp_path / "cluster.xml").write_text(CONFIG)
    words = [sys.executable, "-c", WITH_COPIES, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = dict(line.split("\t") for line in done.stdout.split("\n") if "\t" in line)
    for name in SHARDED | VIEWS:
        assert made[name] == "Distributed"
        assert (
            made[f"{name}_local"] == "View"
            if name in VIEWS
            else made[f"{name}_local"].startswith("Replicated")
        )
    assert all(made[name].startswith("Replicated") for name in EVERYWHERE)
    assert made["identity_history_kept"] == "MaterializedView"
    assert len(made) == 2 * len(SHARDED | VIEWS) + len(EVERYWHERE) + 1


def test_copies_of_a_shard_find_each_other_and_all_servers_have_what_is_joined() -> None:
    paths = dict(found.groups() for one in STATEMENTS if (found := re.search(COPIED, one, re.DOTALL)))
    assert paths["events_local"] == "/clickhouse/tables/big/{shard}/ww/events_local"
    assert paths["identity_customers"] == "/clickhouse/tables/big/all/ww/identity_customers"
    assert len(set(paths.values())) == len(paths) == len(SHARDED) + len(EVERYWHERE)
    everywhere = [one for one in STATEMENTS if "/all/" in one]
    assert all("'{shard}-{replica}'" in one for one in everywhere)


def test_whatever_changes_a_table_is_said_to_all_servers() -> None:
    once = [one for one in STATEMENTS if " on cluster big" not in one]
    assert all(one.startswith(("use ", "insert into ")) for one in once)


@pytest.mark.parametrize(
    "statement",
    ["drop table events", "create table events (a UInt8) engine = Log", "optimize table events", "select 1"],
)
def test_a_statement_of_which_nobody_thought_is_refused(statement: str) -> None:
    with pytest.raises(ClusterError, match="nobody has said"):
        on_cluster(statement, "big", "ww")


@pytest.mark.parametrize(
    "statement",
    [
        "create table visits (a UInt8) engine = MergeTree order by a",
        "create view visits as select 1",
        "alter table visits add column a UInt8",
    ],
)
def test_a_new_table_needs_a_place(statement: str) -> None:
    with pytest.raises(ClusterError, match=r"say in store\.cluster"):
        on_cluster(statement, "big", "ww")


@pytest.mark.parametrize("name", ["", "a b", "x;", "`x`", "with-dash", "1st"])
def test_a_cluster_of_no_name_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="no name"):
        on_cluster("insert into identity_history select 1", name, "ww")
    with pytest.raises(ClusterError, match="no name"):
        on_cluster("insert into identity_history select 1", "big", name)


def test_the_statements_are_shown_without_any_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYWISER_EVENTS_URL", "clickhouse://nowhere.invalid:8123/ww")
    shown = CliRunner().invoke(migrate, ["--cluster", "big", "--print"])
    assert shown.exit_code == 0
    assert shown.output == "".join(f"{one};\n\n" for one in STATEMENTS)
    assert CliRunner().invoke(migrate, ["--print"]).exit_code == 2


def test_the_configuration_to_begin_with_is_one_of_two_shards(tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "deploy" / "clickhouse" / "cluster.xml"
    ask = (
        "import os, chdb; "
        f"connection = chdb.connect('{tmp_path}/engine?config-file={file}'); "
        "ask = lambda sql: print(connection.query(sql, 'TabSeparated'), flush=True); "
        "ask('select cluster, shard_num, count() from system.clusters where internal_replication "
        "group by 1, 2 order by 2'); ask('select * from system.macros order by 1'); os._exit(0)"
    )
    given = {"CLICKHOUSE_SHARD": "1", "CLICKHOUSE_COPY": "a", "CLICKHOUSE_CLUSTER_SECRET": "s"}
    words = [sys.executable, "-c", ask]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **given})
    assert " ".join(done.stdout.split()) == "waywiser 1 2 waywiser 2 2 replica a shard 1", done.stderr


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    """An event store on two shards."""
    with served(tmp_path_factory.mktemp("cluster"), shards=2) as events:
        yield events


@pytest.fixture
def filled(cluster: EventStore) -> EventStore:
    """Ten events of each of some people, on ten days, and nothing else."""
    for table in SHARDED:
        cluster.command(f"truncate table {table}_local")
    cluster.command("truncate table identity_customers")
    rows = [
        Event(
            project=1,
            event_id=event_id(f"{person}-{day}"),
            message_id=f"{person}-{day}",
            type="track",
            event="E",
            timestamp=day * DAY,
            received_at=day * DAY,
            anonymous_id="browser",
            identity=person,
        )
        for person in PEOPLE
        for day in range(1, 11)
    ]
    cluster.insert(rows, token="t")
    return cluster


def count(events: EventStore, where: str = "1", table: str = "events") -> int:
    return int(events.query(f"select count() as n from {table} where {where}")[0]["n"])


def whose(some: list[int]) -> str:
    return f"identity in ({', '.join(map(str, some))})"


def test_a_migrated_cluster_is_known_and_stays_one(cluster: EventStore) -> None:
    assert cluster.cluster == CLUSTER
    assert migrate_events(cluster) == []
    assert migrate_events(cluster, cluster=CLUSTER) == []
    with pytest.raises(ClusterError, match="not those of a cluster 'other'"):
        migrate_events(cluster, cluster="other")


def test_one_server_does_not_become_a_cluster(cluster: EventStore) -> None:
    alone = cluster.sibling("alone")
    alone.command("create table migrations_applied (name String) engine = MergeTree order by name")
    with pytest.raises(ClusterError, match="name another database"):
        migrate_events(alone, cluster=CLUSTER)
    assert alone.cluster is None
    alone.close()


def test_an_embedded_store_is_no_cluster(events: EventStore) -> None:
    with pytest.raises(ClusterError, match="as clickhouse://"):
        migrate_events(events, cluster=CLUSTER)


def test_rows_go_from_every_shard(filled: EventStore) -> None:
    gone, left = PEOPLE[:30], PEOPLE[30:]
    shards = filled.query("select uniqExact(shardNum()) as n from events where " + whose(gone))
    assert shards == [{"n": 2}]
    deletion.delete_identities(filled, 1, gone)
    assert (count(filled, whose(gone)), count(filled, whose(left))) == (0, 100)
    assert deletion.rewrite(filled) > 0
    assert (count(filled, whose(gone)), count(filled, whose(left))) == (0, 100)
    assert deletion.rewrite(filled) == 0


def test_a_table_over_all_shards_does_not_take_deletions_itself(filled: EventStore) -> None:
    with pytest.raises(EventStoreError):
        filled.command("delete from events where 1")


def test_browsers_are_unnamed_on_every_shard(filled: EventStore) -> None:
    deletion.unname_browsers(filled, 1, PEOPLE[:3], ["browser"])
    assert count(filled, "anonymous_id = 'browser'") == 30


def test_what_is_shared_goes_from_every_shard(filled: EventStore) -> None:
    for person in PEOPLE[:4]:
        deletion.delete_shared_events(filled, 1, person, [person])
    assert count(filled) == 360


def test_what_is_too_old_goes_from_every_shard(filled: EventStore) -> None:
    horizon = Horizon(project=1, days=1, before=6 * DAY, by_receipt=False)
    retention.delete_events(filled, [horizon])
    assert count(filled) == count(filled, f"timestamp >= fromUnixTimestamp64Milli({6 * DAY})") == 200


def test_runs_of_former_versions_go_from_every_shard(filled: EventStore) -> None:
    filled.command(
        "insert into journey_runs (project, journey_version, customer, version) "
        "select 1, number % 2 + 1, intDiv(number, 2), number % 4 from numbers(80)"
    )
    assert deletion.delete_versions(filled, 1, [2, 3], before=2) == [2]
    assert count(filled, "journey_version = 1", "journey_runs") == 40
    assert count(filled, "journey_version = 2 and version > 1", "journey_runs") == 20
    assert count(filled, "journey_version = 2", "journey_runs") == 20


def test_known_messages_are_forgotten_on_every_shard(cluster: EventStore) -> None:
    cluster.keep_messages(30)
    cluster.keep_messages(30)
    engine = cluster.query("select engine_full from system.tables where name = 'message_ids_local'")[0]
    assert "TTL toDateTime(received_at) + toIntervalDay(30)" in engine["engine_full"]


def test_inserts_of_all_servers_are_seen(cluster: EventStore) -> None:
    assert cluster.takes_inserts()
    slow = "insert into probes select now64(3, 'UTC') from numbers(4) where sleepEachRow(0.5) = 0"
    enough = threading.Event()

    def fill() -> None:  # one after the other: a machine with other work may ask too late for one of them
        while not enough.is_set():
            cluster.command(slow)

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        seen = eventually(lambda: set(deletion.inserts_under_way(cluster)), lambda some: len(some) == 1)
    finally:
        enough.set()
        filling.join()
    assert len(seen) == 1
    assert deletion.inserts_under_way(cluster) == []
