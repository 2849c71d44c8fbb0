-- Which runs began in the period and until now, and how does each stand now? Times in milliseconds; customer and number
-- together name a run, which is known until `seen_until`.
-- Its steps are those that were `walked`; in any order they are places instead: the first, the second.
select
    customer,
    toUInt32(run.number) as number,
    run.of_several as of_several,
    toUnixTimestamp64Milli(run.previous) as previous,
    run.case_value as case_value,
    toUnixTimestamp64Milli(run.start) as start,
    toUnixTimestamp64Milli(run.last) as last,
    {{outcome_number}} as outcome_number,
    ['succeeded', 'failed', 'dropped', 'in_time'][outcome_number] as outcome,
    run.furthest as furthest,
    run.repeats as repeats,
    run.shortcut as shortcut,
    run.steps as walked,
    if({in_any_order:UInt8}, cast(arrayEnumerate(run.steps), 'Array(UInt8)'), run.steps) as steps,
    run.times as times,
    run.event_ids as event_ids,
    run.strays as strays,
    run.channel as channel,
    run.source as source,
    run.medium as medium,
    run.campaign as campaign,
    run.device as device,
    run.country as country,
    '' as account,
    {now:Int64} as seen_until
from ({{source}}) as run
where start >= {start:Int64} and start < {end:Int64} and start <= {now:Int64}
