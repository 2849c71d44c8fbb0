-- How many runs deviate in which way, how many could have and do not, and what became of both? Of the possible `codes`,
-- 100 × the kind of deviation + the step. `firsts` are first runs of their customers, so that each counts once. Of the
-- times that these took, sorted, the median lies between the times of `rank` from either end with at least 95 %: that is
-- the binomial's own rank, or the one before it. Outcome 1 is succeeded, 4 in time.
with
    told as (
        select
            steps, shortcut, outcome_number,
            (last - start) / 1000 as seconds,
            arraySort(arrayDistinct(arrayMap(
                (at, step) -> toUInt16(step + 100 * multiIf(
                    at = step, {repeated:UInt8},
                    at > step, if(has(steps, step), {back:UInt8}, {extra:UInt8}),
                    at < {befores:Array(UInt8)}[step], {early:UInt8},
                    {late:UInt8}
                )),
                strays.1, strays.2
            ))) as odd,
            {{is_first}} as is_first
        from ({{runs}})
        where {{which}}
    ),
    patterns as (
        select
            steps, shortcut, outcome_number, odd,
            count() as n,
            countIf(is_first) as firsts,
            groupArrayIf(seconds, outcome_number = 1) as took,
            groupArrayIf(seconds, outcome_number = 1 and is_first) as first_took
        from told
        group by steps, shortcut, outcome_number, odd
    ),
    judged as (
        select
            outcome_number, n, firsts, took, first_took,
            toUInt16(length({befores:Array(UInt8)})) as goal,
            arrayFilter(k -> not has(steps, k), range(1, steps[-1])) as missed,
            toUInt16({early:UInt8} * 100 + goal) as early_goal,
            has(odd, early_goal) or (shortcut and not has(odd, {late:UInt8} * 100 + goal)) as is_short,
            arrayConcat(
                odd,
                arrayMap(k -> toUInt16({missing:UInt8} * 100 + k), missed),
                if(empty(odd), [], [toUInt16({any:UInt8} * 100)]),
                if(is_short, [toUInt16({shortcut:UInt8} * 100)], []),
                if(empty(odd) and empty(missed), [toUInt16({fits:UInt8} * 100)], [])
            ) as deviating,
            -- Whom the deviations of others are compared with: those who took the step, or went past it.
            arrayIntersect({codes:Array(UInt16)}, arrayConcat(
                deviating,
                [toUInt16({any:UInt8} * 100), toUInt16({shortcut:UInt8} * 100), toUInt16({fits:UInt8} * 100)],
                arrayMap(k -> toUInt16({early:UInt8} * 100 + k), range(1, goal)),
                arrayMap(k -> toUInt16({repeated:UInt8} * 100 + k), steps),
                arrayMap(k -> toUInt16({back:UInt8} * 100 + k), steps),
                arrayMap(k -> toUInt16({late:UInt8} * 100 + k), steps),
                arrayMap(k -> toUInt16({extra:UInt8} * 100 + k), missed),
                arrayMap(k -> toUInt16({missing:UInt8} * 100 + k), range(1, steps[-1]))
            )) as comparable
        from patterns
    ),
    counted as (
        select
            code,
            has(deviating, code) as deviates,
            sum(judged.n) as n,
            sumIf(judged.n, outcome_number = 1) as succeeded,
            sumIf(judged.n, outcome_number = 4) as in_time,
            sum(judged.firsts) as firsts,
            sumIf(judged.firsts, outcome_number = 1) as firsts_succeeded,
            quantileExactInclusiveArray(0.5)(took) as median,
            arraySort(groupArrayArray(judged.first_took)) as sorted,
            toInt64(length(sorted)) as times,
            toInt64(floor((times + 1 - {z:Float64} * sqrt(times)) / 2)) as rank
        from judged
        array join comparable as code
        group by code, deviates
    )
select
    code, deviates, n, succeeded, in_time, firsts, firsts_succeeded, median,
    if(times = 0, nan, (sorted[intDiv(times + 1, 2)] + sorted[intDiv(times + 2, 2)]) / 2) as firsts_median,
    if(rank < 1, nan, sorted[rank]) as firsts_low,
    if(rank < 1, nan, sorted[times + 1 - rank]) as firsts_high
from counted
