-- Which traits was the customer known to have when each of these events happened, by what they tell themselves too?
select *, map({{known}}) as customer_traits
from {{resolved}}
where
    project = {project:UInt32}
    and ({{whose}})
    and (({{relevant}}) or (traits != '{}' and type != 'group' and ({{telling}})))
window told as (
    partition by customer
    order by timestamp, sequence, event_id
    rows between unbounded preceding and current row
)
