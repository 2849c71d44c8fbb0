-- Which runs are these, how did they end, and what was the goal worth, by a property of its event?
select
    runs.customer as customer,
    runs.number as number,
    runs.last as last,
    runs.outcome as outcome,
    if(runs.outcome = 'succeeded', ifNull(goals.worth, 0), 0) as value,
    runs.outcome = 'succeeded' and isNotNull(goals.worth) as is_valued
from (select * from ({{runs}}) where {{which}}) as runs
left any join ({{worths}}) as goals on goals.event_id = runs.event_ids[-1]
