-- How do the runs of each part of the period stand? A run belongs to the last edge that is not after its start.
select
    toInt64(roundDown(start, {edges:Array(Int64)})) as edge,
    countIf(outcome = 'succeeded') as succeeded,
    countIf(outcome = 'failed') as failed,
    countIf(outcome = 'dropped') as dropped,
    countIf(outcome = 'in_time') as in_time,
    uniqExact(customer) as customers
from ({{runs}})
where {{which}}
group by edge
order by edge
