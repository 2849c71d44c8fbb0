-- How many events carry each of these identities, and when came the last?
select
    identity,
    count() as n,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen
from events
where project = {project:UInt32} and identity in {identities:Array(UInt64)}
group by identity
