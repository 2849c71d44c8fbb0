-- Each run tells which event reached each step, which touchpoints moved nothing (`strays`: where the run stood, and
-- the step that was matched instead), and by which medium it began. Rows from before have none of them: they answer
-- as they are until their version is filled again.
alter table journey_runs modify column runs Array(Tuple(
    case_value String,
    start DateTime64(3, 'UTC'),
    last DateTime64(3, 'UTC'),
    outcome LowCardinality(String),
    furthest UInt8,
    repeats UInt32,
    shortcut Bool,
    steps Array(UInt8),
    times Array(DateTime64(3, 'UTC')),
    event_ids Array(FixedString(16)),
    strays Array(Tuple(at UInt8, step UInt8)),
    channel LowCardinality(String),
    source LowCardinality(String),
    medium LowCardinality(String),
    campaign LowCardinality(String),
    device LowCardinality(String),
    country LowCardinality(String)
));

-- Parts of this table are large for their number of rows: merged column by column they take a quarter less time.
alter table journey_runs modify setting vertical_merge_algorithm_min_columns_to_activate = 1;
