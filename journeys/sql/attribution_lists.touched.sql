-- Which of these runs had a contact of this label before their end, or none at all where no label is meant? The last one
-- before it tells.
select runs.customer as customer, runs.number as number
from ({{runs}}) as runs
asof left join (
    select customer, at, 1 as is_there
    from ({{contacts}})
    where {label:UInt8} = 0 or code = {label:UInt8}
) as latest on latest.customer = runs.customer and latest.at <= runs.last
where (is_there and latest.at >= runs.last - {lookback:Int64}) != ({label:UInt8} = 0)
