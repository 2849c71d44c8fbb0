-- The sessions of one customer under one generation of the rule; a recomputation replaces the row as a whole.
create table customer_sessions (
    project UInt32,
    generation UInt32,
    customer UInt64,
    version UInt64,
    sessions Nested(
        id FixedString(16),
        start DateTime64(3, 'UTC'),
        last DateTime64(3, 'UTC'),
        key String,
        touchpoints UInt32,
        pages UInt32,
        server_touchpoints UInt32,
        entry String,
        exit String,
        channel LowCardinality(String),
        source LowCardinality(String),
        medium LowCardinality(String),
        campaign LowCardinality(String),
        device LowCardinality(String),
        country LowCardinality(String),
        engaged_seconds Float64,
        scroll UInt8,
        bounced Bool,
        engaged Bool,
        members Array(FixedString(16))
    )
)
engine = ReplacingMergeTree(version)
order by (project, generation, customer);

-- By which limits each generation counts sessions: from when on which idle time and cap hold, in milliseconds.
-- It began when the project's rules said `idle_minutes` and `cap_hours`, and its journeys named these key events.
-- Every change of its state is a newer version of its row.
create table session_generations (
    project UInt32,
    generation UInt32,
    idle_minutes UInt32,
    cap_hours UInt32,
    key_events String,
    since Array(Int64),
    idle Array(Int64),
    cap Array(Int64),
    state LowCardinality(String),
    chunks_done UInt32,
    chunks_total UInt32,
    version UInt64
)
engine = ReplacingMergeTree(version)
order by (project, generation);

-- One row a session, of the generation that answers.
create view sessions as
select
    project,
    customer,
    sessions.id as id,
    sessions.start as start,
    sessions.last as last,
    dateDiff('millisecond', start, last) / 1000 as duration,
    sessions.key as key,
    sessions.touchpoints as touchpoints,
    sessions.pages as pages,
    sessions.server_touchpoints as server_touchpoints,
    sessions.entry as entry,
    sessions.exit as exit,
    sessions.channel as channel,
    sessions.source as source,
    sessions.medium as medium,
    sessions.campaign as campaign,
    sessions.device as device,
    sessions.country as country,
    sessions.engaged_seconds as engaged_seconds,
    sessions.scroll as scroll,
    sessions.bounced as bounced,
    sessions.engaged as engaged,
    sessions.members as members
from customer_sessions final
array join sessions
where (project, generation) in (
    select project, max(generation) from session_generations final where state = 'live' group by project
);
