-- Which are some customers who have stored runs, or events that a run could have, chosen by a hash?
select customer
from (
    select distinct customer
    from {{resolved}}
    where project = {project:UInt32} and ({{relevant}}) and not is_bot and ({{whose}})
    union distinct
    select customer
    from journey_runs final
    where
        project = {project:UInt32}
        and journey_version = {journey_version:UInt32}
        and notEmpty(runs.start)
        and ({{rows}})
)
order by cityHash64(customer, {seed:UInt64})
limit {most:UInt32}
