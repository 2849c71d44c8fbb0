-- Which values did this attribute of events have since then, how often and of how many customers?
select toString({{column}}) as value, count() as n, uniq(customer) as customers
from {{resolved}}
where
    project = {project:UInt32}
    and timestamp >= fromUnixTimestamp64Milli({since:Int64})
    and not is_bot
    and value != ''
group by value
order by n desc, value
limit {most:UInt32}
