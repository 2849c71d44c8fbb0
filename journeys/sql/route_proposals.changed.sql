-- What would pages be called that are called otherwise now, and by which names do they go now?
select
    after as route,
    sum(n) as views,
    count() as names,
    arrayMap(one -> (one.2, toUInt64(-one.1)), groupArraySorted(12)((-toInt64(n), before))) as busiest
from (
    select before, after, sum(n) as n
    from (select {{before}} as before, {{after}} as after, n from ({{paths}}))
    where before != after
    group by before, after
)
group by route
order by views desc, route
limit {most:UInt32}
