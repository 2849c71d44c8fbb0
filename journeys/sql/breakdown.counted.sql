-- How do the runs of each value stand, and how far do they come? The most frequent values stand alone, all others
-- together; runs without a value, and those that did not take the step, are groups of their own.
with
    described as (
        select customer, outcome, furthest, taken, substringUTF8({{value}}, 1, 200) as value
        from ({{described}})
    ),
    valued as (
        select
            multiIf(not taken, 'not_reached', value = '', 'none', 'value') as sort,
            value,
            count() as entered,
            countIf(outcome = 'succeeded') as succeeded,
            countIf(outcome = 'failed') as failed,
            countIf(outcome = 'dropped') as dropped,
            countIf(outcome = 'in_time') as in_time,
            sumForEach(arrayMap(k -> toUInt64(furthest >= k), range(1, {goal:UInt32} + 1))) as progressed,
            uniqExactState(customer) as whose
        from described
        group by sort, if(taken, value, '') as value
    ),
    placed as (
        select *, row_number() over (partition by sort order by entered desc, value) as place
        from valued
    )
select
    if(sort = 'value' and place > {most:UInt32}, 'other', sort) as kind,
    if(kind = 'value', value, '') as name,
    count() as different,
    sum(placed.entered) as n,
    sum(placed.succeeded) as succeeded,
    sum(placed.failed) as failed,
    sum(placed.dropped) as dropped,
    sum(placed.in_time) as in_time,
    sumForEach(placed.progressed) as progressed,
    uniqExactMerge(whose) as customers,
    if(kind = 'value', lower(hex(cityHash64(name))), '') as hash
from placed
group by kind, name
order by indexOf(['value', 'other', 'none', 'not_reached'], kind), n desc, name
