-- How many runs visit each step, and how long after the step before?
select
    step,
    count() as visited,
    quantileExactInclusiveIf(0.5)(pause / 1000, place > 1) as median,
    quantileExactInclusiveIf(0.9)(pause / 1000, place > 1) as p90
from (select steps, times from ({{runs}}) where {{which}})
array join
    steps as step,
    arrayDifference(arrayMap(at -> toUnixTimestamp64Milli(at), times)) as pause,
    arrayEnumerate(steps) as place
group by step
order by step
