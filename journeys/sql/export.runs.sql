-- Which runs are stored of this customer?
select
    journey_version,
    run.case_value as case_value,
    toUnixTimestamp64Milli(run.start) as start,
    toUnixTimestamp64Milli(run.last) as last,
    toString(run.outcome) as outcome,
    run.furthest as furthest,
    run.repeats as repeats,
    run.shortcut as shortcut,
    run.steps as steps,
    arrayMap(at -> toUnixTimestamp64Milli(at), run.times) as times,
    arrayMap(id -> lower(hex(id)), run.event_ids) as event_ids,
    run.strays as strays,
    run.channel as channel, run.source as source, run.medium as medium, run.campaign as campaign,
    run.device as device, run.country as country
from journey_runs final
array join runs as run
where
    project = {project:UInt32}
    and journey_version in {versions:Array(UInt32)}
    and customer = {customer:UInt64}
order by start, journey_version, case_value
