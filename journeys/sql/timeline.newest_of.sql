-- Which event of a library arrived last?
select
    toUnixTimestamp64Milli(timestamp) as at,
    {{label}} as label
from events
where project = {project:UInt32}
    and received_at >= fromUnixTimestamp64Milli({since:Int64})
    and startsWith(library, {library:String})
order by received_at desc, timestamp desc, sequence desc, event_id desc
limit 1
