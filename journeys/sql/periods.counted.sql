-- How many runs came to each step within so long after their start, and how long did half of those take? Runs that are
-- not that old yet are counted apart.
select
    k,
    countIf(not is_young) as entered,
    countIf(is_young) as young,
    countIf(not is_young and waited <= {age:Int64}) as came,
    quantileExactInclusiveIf(0.5)(waited / 1000, not is_young and waited <= {age:Int64}) as median
from (
    select
        k,
        {now:Int64} - start < {age:Int64} as is_young,
        toUnixTimestamp64Milli(arrayFirst((at, step) -> step >= k, times, steps)) - start as first,
        if(furthest >= k, first, {age:Int64} + 1) as waited
    from ({{runs}})
    array join arrayMap(one -> toUInt8(one), range(1, {goal:UInt8} + 1)) as k
    where {{which}}
)
group by k
order by k
