-- Where and how do runs end, which steps do they visit, once or again, and how many of them are of one customer?
-- One question, so that all numbers are of the same runs, whatever is recomputed meanwhile. `place` numbers the runs
-- of a customer, the furthest first: of those at a step or beyond, as many have place 3 as customers have 3 or more.
with
    placed as (
        select
            furthest, outcome, start, last, steps, times, walked, strays,
            row_number() over (partition by customer order by furthest desc) as place
        from ({{runs}})
        where {{which}}
    )
select
    step,
    ['visited', 'succeeded', 'failed', 'dropped', 'in_time', 'repeated'][kind] as what,
    count() as n,
    quantilesExactInclusive(0.5, 0.9)(if(kind = 1 and at = 1, nan, ms / 1000)) as seconds,
    sumMapIf([place], [toUInt64(1)], kind between 2 and 5) as places,
    {{taken}} as taken
from (
    select
        place, steps, walked, furthest, last - start as whole,
        arrayMap(at -> toUnixTimestamp64Milli(at), times) as moments,
        arrayDistinct(arrayFilter(
            one -> not {in_any_order:UInt8} and has(steps, one), arrayFilter(one -> one.1 >= one.2, strays).2
        )) as again,
        toUInt8(indexOf(['visited', 'succeeded', 'failed', 'dropped', 'in_time'], toString(outcome))) as ending
    from placed
)
array join
    arrayConcat(steps, [furthest], again) as step,
    arrayConcat(arrayMap(one -> toUInt8(1), steps), [ending], arrayMap(one -> toUInt8(6), again)) as kind,
    arrayConcat(arrayDifference(moments), [whole], arrayMap(one -> toInt64(0), again)) as ms,
    arrayEnumerate(arrayConcat(steps, [furthest], again)) as at{{named}}
group by step, kind
