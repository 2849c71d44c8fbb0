-- How are the times between a step and the one reached before it spread? Step 0 is start to goal.
with
    durations as (
        select step, pause / 1000 as seconds
        from (select steps, times, outcome, last - start as whole from ({{runs}}) where {{which}})
        array join
            arrayPushFront(steps, 0) as step,
            arrayPushFront(arrayDifference(arrayMap(at -> toUnixTimestamp64Milli(at), times)), whole) as pause,
            range(1, length(steps) + 2) as place
        where place > 2 or place = 1 and outcome = 'succeeded'
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
