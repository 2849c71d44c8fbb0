-- Which pages were viewed since then, how often and by how many customers?
select path, count() as n, uniq(customer) as customers
from {{resolved}}
where
    project = {project:UInt32} and type = 'page'
    and timestamp >= fromUnixTimestamp64Milli({since:Int64}) and not is_bot
group by path
order by n desc, path
limit {most:UInt32}
