-- With which event did each run begin, and how does it stand?
select customer, event_ids[1] as opening, toString(outcome) as outcome
from ({{runs}})
where {{which}}
