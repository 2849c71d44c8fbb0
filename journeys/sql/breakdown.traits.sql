-- What was last said of this trait of the customer, up to the moment at which the run took the step?
with runs as (
    select
        customer, number, outcome, furthest,
        has(steps, {position:UInt8}) as taken,
        if(taken, times[indexOf(steps, {position:UInt8})], toDateTime64(0, 3, 'UTC')) as moment
    from ({{runs}})
    where {{which}}
)
select runs.customer as customer, number, outcome, furthest, taken, said.traits as traits
from runs
asof left join (
    select customer, timestamp as moment, argMax(traits, (sequence, event_id)) as traits
    from (
        select customer, timestamp, sequence, event_id, traits
        from {{resolved}}
        where project = {project:UInt32} and type != 'group' and JSONHas(traits, {trait:String})
    )
    group by customer, moment
) as said on said.customer = runs.customer and runs.moment >= said.moment
