-- Which events were marked as a robot's, for which reasons, and what did they look at?
select
    substring(mark, 5) as reason,
    count() as n,
    uniq(identity) as visitors,
    toUnixTimestamp64Milli(min(received_at)) as first_seen,
    toUnixTimestamp64Milli(max(received_at)) as last_seen,
    topKIf(3)(host, host != '') as hosts,
    topKIf(3)(path, path != '') as paths,
    topKIf(3)(arrayStringConcat(arrayFilter(part -> part != '', [browser, os, device]), ', '), browser != '') as agents
from events
array join marks as mark
where project = {project:UInt32} and is_bot and startsWith(mark, 'bot:')
    and received_at >= fromUnixTimestamp64Milli({start:Int64})
    and received_at < fromUnixTimestamp64Milli({end:Int64})
group by reason
order by n desc, reason
limit {most:UInt32}
