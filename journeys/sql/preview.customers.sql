-- From how many identities are there events that a run could have? Customers are hardly fewer: enough for a sample.
select uniq(identity) as n
from events
where project = {project:UInt32} and ({{relevant}}) and not is_bot
