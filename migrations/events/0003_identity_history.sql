-- Where every answer of the ledger stays, so that a report can be asked as the ledger stood at a moment.
-- A row that is written again has the same key, or a newer version: harmless either way.
create table identity_history (
    project UInt32,
    identity UInt64,
    customer UInt64,
    spans Array(Tuple(since DateTime64(3, 'UTC'), customer UInt64)),
    version UInt64 codec(Delta, ZSTD(1))
)
engine = ReplacingMergeTree
order by (project, identity, version)
settings fsync_after_insert = 1, fsync_part_directory = 1;

-- The newest answers stay in identity_customers, which forgets the older ones when it merges its parts.
create materialized view if not exists identity_history_kept to identity_history as
select project, identity, customer, spans, version
from identity_customers;

-- What there is already; which answers it replaced is not known any more.
insert into identity_history (project, identity, customer, spans, version)
select project, identity, customer, spans, version
from identity_customers;
