-- Which pages were viewed since then, by their routes, how often and by how many customers?
select {{route}} as route, count() as n, uniqExact(customer) as customers
from {{resolved}}
where
    project = {project:UInt32} and type = 'page'
    and timestamp >= fromUnixTimestamp64Milli({since:Int64}) and not is_bot
group by route
order by n desc, route
limit {most:UInt32}
