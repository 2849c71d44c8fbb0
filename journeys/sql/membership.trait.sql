-- Which of these runs are of customers of whom something was last said of this trait, at the start or before, that
-- meets the condition?
select customer, number
from (
    select runs.customer as customer, runs.number as number, map({{trait}}, said.value) as customer_traits
    from (select customer, number, start from ({{runs}})) as runs
    asof left join (
        select customer, t, argMax({{value}}, (sequence, event_id)) as value
        from (
            select customer, toUnixTimestamp64Milli(timestamp) as t, sequence, event_id, traits
            from {{resolved}}
            where project = {project:UInt32} and type != 'group' and JSONHas(traits, {{trait}})
        )
        group by customer, t
    ) as said on said.customer = runs.customer and runs.start >= said.t
)
where {{met}}
