-- How many touchpoints have these customers that a run could have?
select count() as n
from {{resolved}}
where project = {project:UInt32} and ({{relevant}}) and ({{whose}}) and not is_bot
