-- How are the times between a step and the one reached before it spread? Step 0 is start to goal.
with
    durations as (
        select
            arrayJoin(arrayConcat(
                arrayMap(
                    i -> (steps[i], dateDiff('millisecond', times[i - 1], times[i]) / 1000),
                    range(2, length(steps) + 1)
                ),
                if(outcome = 'succeeded', [(toUInt8(0), (last - start) / 1000)], [])
            )) as duration,
            duration.1 as step,
            duration.2 as seconds
        from ({{runs}})
        where {{which}}
    )
select
    step,
    count() as n,
    quantileExactInclusive(0.5)(seconds) as median,
    quantileExactInclusive(0.9)(seconds) as p90,
    sumMap([roundDown(seconds, {edges:Array(Float64)})], [1]) as histogram
from durations
group by step
order by step
