-- Which are some customers that have runs, and their identities?
with
    some as (
        select distinct customer
        from journey_runs
        where project = {project:UInt32} and journey_version = {version:UInt32}
        order by cityHash64(customer, {seed:UInt32})
        limit {most:UInt32}
    )
select some.customer as customer, arrayDistinct(arrayConcat([customer], groupArray(known.identity))) as identities
from some
left join identity_customers as known on known.customer = some.customer
group by customer
