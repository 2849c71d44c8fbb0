-- How many attempts find a journey, how many of them its goal, and how many visit each of its steps?
select
    count() as attempts,
    countIf(outcome = 'succeeded') as reached,
    sumForEach(arrayMap(step -> toUInt64(has(steps, step)), range(1, {steps:UInt8} + 1))) as visited
from ({{runs}})
where {{which}}
