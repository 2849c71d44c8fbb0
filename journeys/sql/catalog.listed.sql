-- Which events does a project have, since when, how often lately, and how often do they break its plan?
select
    toString(type) as type,
    toString(event) as event,
    countIf(timestamp >= fromUnixTimestamp64Milli({since:Int64})) as n,
    countIf(timestamp >= fromUnixTimestamp64Milli({since:Int64}) and has(marks, 'plan_violation')) as violations,
    toUnixTimestamp64Milli(min(timestamp)) as first_seen,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen
from events
where project = {project:UInt32} and not is_bot
group by type, event
order by n desc, last_seen desc, type, event
limit {most:UInt32}
