-- How many events match each step at all, in any order, and from how many customers?
select step, count() as n, uniq(customer) as customers
from (
    select customer, arrayJoin(arrayMap(bit -> bit + 1, bitPositionsToArray({{mask}}))) as step
    from {{resolved}}
    where
        project = {project:UInt32} and ({{relevant}}) and not is_bot
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
        and timestamp < fromUnixTimestamp64Milli({end:Int64})
)
group by step
order by step
