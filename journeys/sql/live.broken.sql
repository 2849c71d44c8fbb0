-- Which events have broken the tracking plan since then, and how often?
select
    toString(event) as event,
    countIf(has(marks, 'plan_violation')) as violations,
    countIf(has(marks, 'unplanned')) as unplanned,
    toUnixTimestamp64Milli(max(received_at)) as last_seen
from events
where
    project = {project:UInt32}
    and type = 'track'
    and not is_bot
    and received_at >= fromUnixTimestamp64Milli({since:Int64})
    and hasAny(marks, ['plan_violation', 'unplanned'])
group by event
order by violations desc, unplanned desc, event
limit {most:UInt32}
