-- For how many views of how many paths does each template stand, and which of them are viewed most?
select
    number,
    sum(n) as views,
    count() as paths,
    arrayMap(one -> (one.2, toUInt64(-one.1)), groupArraySorted(12)((-toInt64(n), path))) as busiest
from (
    select path, n, arrayJoin({{numbers}}) as number
    from ({{paths}})
)
where number > 0
group by number
order by number
