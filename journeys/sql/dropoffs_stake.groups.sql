-- How many left this step and how many went on, and what were the successes of the latter worth, by a property of the
-- goal's event? Customers are told apart at random in so many groups, each in one of its own where there are fewer.
with
    reached as (
        select customer, furthest, outcome, event_ids[-1] as final
        from ({{runs}})
        where ({{which}}) and furthest >= {k:UInt8}
    ),
    worths as ({{worths}}),
    whose as (
        select
            customer,
            countIf(furthest = {k:UInt8} and outcome in ('dropped', 'failed')) as gone,
            countIf(furthest > {k:UInt8}) as on,
            countIf(outcome = 'succeeded') as won,
            countIf(outcome = 'succeeded' and isNotNull(worth)) as told,
            sumIf(worth, outcome = 'succeeded') as sum
        from reached
        left any join worths on worths.event_id = reached.final
        group by customer
    ),
    grouped as (
        select *, row_number() over (order by cityHash64(customer), customer) % {groups:UInt32} as part
        from whose
    )
select
    sum(gone) as left_here,
    sum(on) as went_on,
    sum(won) as succeeded,
    sum(told) as valued,
    sum(ifNull(grouped.sum, 0)) as value
from grouped
group by part
