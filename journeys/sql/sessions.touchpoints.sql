-- How many events can belong to sessions?
select count() as n
from events
where project = {project:UInt32} and type in ('track', 'page', 'screen') and not is_bot
