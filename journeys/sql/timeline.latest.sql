-- When did the last event arrive?
select toUnixTimestamp64Milli(max(received_at)) as at, count() as n
from events
where project = {project:UInt32}
