-- How many runs visit each step, and how long after the step before?
select
    step,
    count() as visited,
    quantileExactInclusiveIf(0.5)(seconds, number > 1) as median,
    quantileExactInclusiveIf(0.9)(seconds, number > 1) as p90
from (
    select
        arrayJoin(arrayEnumerate(steps)) as number,
        steps[number] as step,
        if(number > 1, dateDiff('millisecond', times[number - 1], times[number]) / 1000, 0) as seconds
    from ({{runs}})
    where {{which}}
)
group by step
order by step
