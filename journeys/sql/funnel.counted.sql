-- Where and how do runs end, which steps do they visit, and how many of them are of one customer?
-- One question, so that all numbers are of the same runs, whatever is recomputed meanwhile. `place` numbers the runs
-- of a customer, the furthest first: of those at a step or beyond, as many have place 3 as customers have 3 or more.
with
    placed as (
        select
            furthest, outcome, start, last, steps, times,
            row_number() over (partition by customer order by furthest desc) as place
        from ({{runs}})
        where {{which}}
    )
select
    toUInt8(entry.1) as step,
    entry.2 as what,
    count() as n,
    quantilesExactInclusive(0.5, 0.9)(entry.3) as seconds,
    sumMap([entry.4], [toUInt64(1)]) as places
from placed
array join arrayPushFront(
    arrayMap(
        i -> (
            steps[i],
            'visited',
            if(i = 1, nan, dateDiff('millisecond', times[i - 1], times[i]) / 1000),
            toUInt64(0)
        ),
        arrayEnumerate(steps)
    ),
    (furthest, toString(outcome), (last - start) / 1000, place)
) as entry
group by step, what
