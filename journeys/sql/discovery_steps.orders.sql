-- How many of the attempts that came to the goal passed one touchpoint, for the first time, before another?
with
    firsts as (
        select arrayFilter(
            (label, nth) -> nth = 1 and has({chosen:Array(UInt64)}, label), passed, arrayEnumerateUniq(passed)
        ) as seen
        from ({{walked}})
        where outcome = 'succeeded'
    )
select one, other, count() as n
from (select seen, one, place from firsts array join seen as one, arrayEnumerate(seen) as place)
array join arraySlice(seen, place + 1) as other
group by one, other
