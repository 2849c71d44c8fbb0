-- Which events were seen since then, how often and from how many customers?
select
    toString(type) as type,
    toString(event) as event,
    count() as n,
    uniqExact(customer) as customers,
    toUnixTimestamp64Milli(min(timestamp)) as first_seen,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen
from {{resolved}}
where project = {project:UInt32} and timestamp >= fromUnixTimestamp64Milli({since:Int64}) and not is_bot
group by type, event
order by n desc, type, event
limit {most:UInt32}
