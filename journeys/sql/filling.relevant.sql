-- How many events can these journeys match at all, each of them counted for itself?
select sum({{n}}) as n
from events
where project = {project:UInt32} and ({{relevant}}) and not is_bot
