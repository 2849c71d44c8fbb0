-- What happened, to which identity, when: one row an event, never rewritten.
-- A repeated insert with the same token is ignored as long as the window holds it.
create table events (
    project UInt32,
    event_id FixedString(16),
    message_id String codec(ZSTD(1)),
    type LowCardinality(String),
    event LowCardinality(String),
    timestamp DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') codec(Delta, ZSTD(1)),
    sequence UInt64 codec(Delta, ZSTD(1)),
    anonymous_id String codec(ZSTD(1)),
    user_id String codec(ZSTD(1)),
    identity UInt64,
    group_id String codec(ZSTD(1)),
    session String codec(ZSTD(1)),
    side LowCardinality(String),
    library LowCardinality(String),
    url String codec(ZSTD(1)),
    host LowCardinality(String),
    path String codec(ZSTD(1)),
    title String codec(ZSTD(1)),
    referrer String codec(ZSTD(1)),
    referrer_host LowCardinality(String),
    channel LowCardinality(String),
    source LowCardinality(String),
    medium LowCardinality(String),
    campaign LowCardinality(String),
    term String codec(ZSTD(1)),
    content String codec(ZSTD(1)),
    click_id String codec(ZSTD(1)),
    device LowCardinality(String),
    browser LowCardinality(String),
    os LowCardinality(String),
    country LowCardinality(String),
    region LowCardinality(String),
    city LowCardinality(String),
    locale LowCardinality(String),
    timezone LowCardinality(String),
    ip String codec(ZSTD(1)),
    is_bot Bool,
    marks Array(LowCardinality(String)),
    properties String codec(ZSTD(1)),
    traits String codec(ZSTD(1)),
    context String codec(ZSTD(1)),
    index arrival received_at type minmax granularity 1
)
engine = MergeTree
partition by toYYYYMM(timestamp)
order by (project, type, event, identity, timestamp)
settings non_replicated_deduplication_window = 10000, index_granularity = 4096;

-- Which messages are known already: a copy that arrives later is counted once.
create table message_ids (
    project UInt32,
    event_id FixedString(16),
    received_at DateTime64(3, 'UTC')
)
engine = MergeTree
order by (project, event_id)
settings non_replicated_deduplication_window = 10000, index_granularity = 512;

-- Which customer an identity belongs to, where it is not a customer of its own.
-- A contested anonymous identity (one browser, several people) has spans: from when on it is whose.
create table identity_customers (
    project UInt32,
    identity UInt64,
    customer UInt64,
    spans Array(Tuple(since DateTime64(3, 'UTC'), customer UInt64)),
    version UInt64
)
engine = ReplacingMergeTree(version)
order by (project, identity);

-- Every event with its customer, resolved at reading time: a merge shows at once, events stay as they came.
create view customer_events as
with
    known as (
        select project, identity, argMax(customer, version) as customer, argMax(spans, version) as spans
        from identity_customers
        group by project, identity
    )
select
    events.*,
    multiIf(
        empty(known.spans), if(known.customer = 0, events.identity, known.customer),
        events.timestamp < known.spans[1].since, known.spans[1].customer,
        arrayLast(span -> span.since <= events.timestamp, known.spans).customer
    ) as customer
from events
left any join known on known.project = events.project and known.identity = events.identity;

-- The runs of one customer at one journey version; a recomputation replaces the row as a whole.
create table journey_runs (
    project UInt32,
    journey_version UInt32,
    customer UInt64,
    computed_at DateTime64(3, 'UTC'),
    version UInt64,
    runs Array(Tuple(
        case_value String,
        start DateTime64(3, 'UTC'),
        last DateTime64(3, 'UTC'),
        outcome LowCardinality(String),
        furthest UInt8,
        repeats UInt32,
        shortcut Bool,
        steps Array(UInt8),
        times Array(DateTime64(3, 'UTC')),
        channel LowCardinality(String),
        source LowCardinality(String),
        campaign LowCardinality(String),
        device LowCardinality(String),
        country LowCardinality(String)
    ))
)
engine = ReplacingMergeTree(version)
order by (project, journey_version, customer);
