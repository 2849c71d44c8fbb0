-- For each step: how many touchpoints match it, from how many customers, and in how many of them in order and in time?
select
    toUInt8(step) as step,
    sum(countEqual(matching, 1)) as raw_matches,
    sum(robots) as robots,
    uniqExactIf(customer, has(matching, 1)) as customers,
    uniqExactIf(customer, has(ordered, 1)) as in_order,
    uniqExactIf(customer, has(timely, 1)) as in_time
from ({{histories}})
group by step
