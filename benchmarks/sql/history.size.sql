-- How much is there, and how busy are customers?
select sum(n) as events, sum(m) as relevant, count() as customers, quantile(0.5)(n) as median, max(n) as busiest
from (
    select customer, count() as n, countIf(event in {names:Array(String)}) as m
    from customer_events
    where project = {project:UInt32}
    group by customer
)
