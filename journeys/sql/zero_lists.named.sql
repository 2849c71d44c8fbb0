-- Of which customers are touchpoints of some name, how many of each, how many customers in all, from the cursor on?
select customer, matches, total
from (
    select customer, matches, count() over () as total
    from (
        select customer, count() as matches
        from {{customers}}
        where
            project = {project:UInt32} and not is_bot and ({{named}})
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
        group by customer
    )
)
where customer > {after:UInt64}
order by customer
limit {most:UInt32}
