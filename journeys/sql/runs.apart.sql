-- Which runs are these, one row each, has the customer several, and when did the one before begin (the first has 1970)?
-- Of a table only those parts of a run are read that are asked for.
select
    customer, number, of_several, previous, case_value, start, last, outcome, furthest, repeats, shortcut, steps, times, event_ids, strays,
    channel, source, medium, campaign, device, country
from {{held}}
array join
    arrayEnumerate(runs.start) as number,
    arrayWithConstant(length(runs.start), length(runs.start) > 1) as of_several,
    arrayShiftRight(runs.start, 1) as previous,
    runs.case_value as case_value,
    runs.start as start,
    runs.last as last,
    runs.outcome as outcome,
    runs.furthest as furthest,
    runs.repeats as repeats,
    runs.shortcut as shortcut,
    runs.steps as steps,
    runs.times as times,
    runs.event_ids as event_ids,
    runs.strays as strays,
    runs.channel as channel,
    runs.source as source,
    runs.medium as medium,
    runs.campaign as campaign,
    runs.device as device,
    runs.country as country
where {{whose}}
