-- From where did events come since then, by side and by the pages' host or the servers' library: how many in all, how
-- many in the last minute?
select
    side,
    if(side = 'browser', host, splitByChar('/', library)[1]) as origin,
    countIf(type = 'page') as pages,
    countIf(type = 'page' and received_at >= fromUnixTimestamp64Milli({minute:Int64})) as pages_lately,
    count() as n,
    countIf(received_at >= fromUnixTimestamp64Milli({minute:Int64})) as lately,
    countIf(is_bot) as robots,
    toUnixTimestamp64Milli(max(received_at)) as last
from events
where project = {project:UInt32} and received_at >= fromUnixTimestamp64Milli({since:Int64})
group by side, origin
order by lately desc, n desc, side, origin
limit {most:UInt32}
