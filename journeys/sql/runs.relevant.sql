-- How many events can this journey match at all?
select count() as n
from events
where project = {project:UInt32} and ({{relevant}}) and not is_bot
