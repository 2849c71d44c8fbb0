-- How many events would have to be looked at to count all sessions, and from when are they?
select
    count() as n,
    toUnixTimestamp64Milli(min(timestamp)) as first,
    toUnixTimestamp64Milli(max(timestamp)) as last
from events
where project = {project:UInt32} and type in ('track', 'page', 'screen')
