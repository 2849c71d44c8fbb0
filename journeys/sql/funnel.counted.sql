-- How many runs visit each step, once or again, how many of them end there and how, and how many are of one customer?
-- One question, whose parts read one snapshot, so that all numbers are of the same runs, whatever is recomputed
-- meanwhile. A run ends at the last of its steps, and of a step taken again the bit is looked at where it was taken.
-- Rows of step 0 are customers who have the same numbers of runs that `reached` each step and no further; whose only run
-- it is need not be asked for.
with chosen as {{once}} (
    select customer, of_several, start, last, outcome, furthest, steps, walked, times, strays
    from ({{runs}})
    where {{which}}
)
select
    step,
    count() as n,
    countIf(ending = 1) as succeeded,
    countIf(ending = 2) as failed,
    countIf(ending = 3) as dropped,
    countIf(ending = 4) as in_time,
    countIf(bitTest(again, step)) as repeated,
    quantilesExactInclusiveIf(0.5, 0.9)(ms / 1000, at > 1) as seconds,
    quantilesExactInclusiveIf(0.5, 0.9)(whole / 1000, ending = 1) as seconds_to_goal,
    {{taken}} as taken,
    emptyArrayUInt64() as reached
from (
    select step, at, ms, whole, again, walked[at] as named, if(at = n_steps, outcome_number, 0) as ending
    from (
        select
            steps,
            walked,
            length(steps) as n_steps,
            multiIf(outcome = 'succeeded', 1, outcome = 'failed', 2, outcome = 'dropped', 3, 4) as outcome_number,
            last - start as whole,
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
select 0, count(), 0, 0, 0, 0, 0, [nan, nan], [nan, nan], ([], []), reached
from (
    select countResample(1, {beyond:UInt8}, 1)(furthest) as reached
    from chosen
    where {{of_many}}
    group by customer
)
group by reached
