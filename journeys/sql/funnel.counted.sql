-- Where and how do runs end, which steps do they visit, and how many of them are of one customer?
-- One question, so that all numbers are of the same runs, whatever is recomputed meanwhile. `place` numbers the runs
-- of a customer, the furthest first: of those at a step or beyond, as many have place 3 as customers have 3 or more.
with
    placed as (
        select
            furthest, outcome, start, last, steps, times, walked,
            row_number() over (partition by customer order by furthest desc) as place
        from ({{runs}})
        where {{which}}
    )
select
    step,
    ['visited', 'succeeded', 'failed', 'dropped', 'in_time'][kind] as what,
    count() as n,
    quantilesExactInclusive(0.5, 0.9)(if(kind = 1 and at = 1, nan, ms / 1000)) as seconds,
    sumMapIf([place], [toUInt64(1)], kind != 1) as places,
    {{taken}} as taken
from (
    select
        place, steps, walked, furthest, last - start as whole,
        arrayMap(at -> toUnixTimestamp64Milli(at), times) as moments,
        toUInt8(indexOf(['visited', 'succeeded', 'failed', 'dropped', 'in_time'], toString(outcome))) as ending
    from placed
)
array join
    arrayPushBack(steps, furthest) as step,
    arrayPushBack(arrayMap(one -> toUInt8(1), steps), ending) as kind,
    arrayPushBack(arrayDifference(moments), whole) as ms,
    arrayEnumerate(arrayPushBack(steps, furthest)) as at{{named}}
group by step, kind
