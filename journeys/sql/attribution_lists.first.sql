-- Which of these runs had a contact of this label as the first one of the time that is looked at? Of contacts at one moment
-- the order of all contacts tells.
select runs.customer as customer, runs.number as number
from ({{runs}}) as runs
asof inner join (
    select customer, at, argMin(code, (tie, code, is_direct)) as code
    from ({{contacts}})
    group by customer, at
) as earliest on earliest.customer = runs.customer and earliest.at >= runs.last - {lookback:Int64}
where earliest.at <= runs.last and earliest.code = {label:UInt8}
