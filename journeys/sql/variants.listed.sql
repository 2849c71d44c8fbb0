-- Which ways through the steps before the goal do runs take, how often, and how well do they end?
with
    customers as (
        select
            {{way}} as way,
            customer,
            count() as theirs,
            countIf(outcome = 'succeeded') as theirs_succeeded,
            countIf(outcome = 'in_time') as theirs_in_time,
            groupArrayIf((last - start) / 1000, outcome = 'succeeded') as took
        from ({{runs}})
        where {{which}}
        group by way, customer
    )
select
    way,
    sum(theirs) as n,
    sum(theirs_succeeded) as succeeded,
    sum(theirs_in_time) as in_time,
    quantileExactInclusiveArray(0.5)(took) as median,
    sumMap([theirs], [toUInt64(1)]) as spread,
    sum(n) over () as runs,
    sum(succeeded) over () as all_succeeded,
    sum(in_time) over () as all_in_time,
    count() over () as ways
from customers
group by way
order by n desc, way
limit {most:UInt32}
