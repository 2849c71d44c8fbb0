-- In which ways did an event break the tracking plan since then, how often, and when last?
select
    arrayJoin(JSONExtract(context, 'violations', 'Array(String)')) as text,
    count() as n,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen
from events
where
    project = {project:UInt32} and type = 'track' and event = {event:String} and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({since:Int64}) and has(marks, 'plan_violation')
group by text
order by n desc, text
limit {most:UInt32}
