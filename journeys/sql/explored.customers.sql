-- About how many customers have such a touchpoint in the period? Identities are hardly more: enough for a sample.
select uniq(identity) as n
from events
where
    project = {project:UInt32}
    and type in ('track', 'page', 'screen')
    and ({{anchor}})
    and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    and timestamp < fromUnixTimestamp64Milli({end:Int64})
