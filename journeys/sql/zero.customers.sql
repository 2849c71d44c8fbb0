-- Of which customers are a step's touchpoints, how many of each, how many customers in all, from the cursor on?
select customer, matches, total
from (
    select customer, matches, count() over () as total
    from (
        select
            customer,
            {{n}} as matches,
            max(has(ordered, 1)) as in_order,
            max(has(timely, 1)) as in_time
        from ({{histories}})
        where step = {step:UInt8}
        group by customer
        having {{which}}
    )
)
where customer > {after:UInt64}
order by customer
limit {most:UInt32}
