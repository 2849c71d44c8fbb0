-- How many customers could have a run at all?
select uniq(customer) as n
from customer_events
where project = {project:UInt32} and ({{relevant}}) and not is_bot
