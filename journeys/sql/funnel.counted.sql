-- How many runs visit each step, once or again, how many end where and how, and how many are of one customer?
-- One question, whose parts read one snapshot, so that all numbers are of the same runs, whatever is recomputed
-- meanwhile. Of a step taken again the bit is looked at where it was taken. A run ends at its furthest step. Rows without a
-- step are customers who have the same numbers of runs that `reached` each step and no further; whose only run it is need
-- not be asked for.
with chosen as {{once}} (
    select customer, of_several, start, last, outcome_number, furthest, steps, walked, times, strays
    from ({{runs}})
    where {{which}}
)
select
    step,
    0 as ended,
    count() as n,
    0 as succeeded,
    0 as failed,
    0 as dropped,
    0 as in_time,
    countIf(bitTest(again, step)) as repeated,
    quantilesExactInclusiveIf(0.5, 0.9)(ms / 1000, at > 1) as seconds,
    [nan, nan] as seconds_to_goal,
    {{taken}} as taken,
    emptyArrayUInt64() as reached
from (
    select step, at, ms, again, walked[at] as named
    from (
        select
            steps,
            walked,
            arrayDifference(arrayMap(at -> toUnixTimestamp64Milli(at), times)) as pauses,
            if({in_any_order:UInt8}, 0, arrayReduce('groupBitOr', arrayMap(
                (at, step) -> if(at >= step, bitShiftLeft(toUInt64(1), step), 0), strays.1, strays.2
            ))) as again
        from chosen
    )
    array join steps as step, pauses as ms, arrayEnumerate(steps) as at
)
group by step
union all
select
    0,
    furthest as ended,
    0,
    countIf(outcome_number = 1),
    countIf(outcome_number = 2),
    countIf(outcome_number = 3),
    countIf(outcome_number = 4),
    0,
    [nan, nan],
    quantilesExactInclusiveIf(0.5, 0.9)((last - start) / 1000, outcome_number = 1),
    ([], []),
    emptyArrayUInt64()
from chosen
group by furthest
union all
select
    0, 0, count(), 0, 0, 0, 0, 0, [nan, nan], [nan, nan], ([], []),
    arrayMap(step -> countEqual(came, step), range(1, {beyond:UInt8})) as reached
from ({{customers}})
group by came
