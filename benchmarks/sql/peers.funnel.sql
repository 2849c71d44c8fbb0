-- How far do customers come, by the plain windowFunnel over all events? No runs, no repeats, no outcomes.
select level, count() as n
from (
    select
        identity,
        windowFunnel(1209600000)(
            toUInt64(toUnixTimestamp64Milli(timestamp)),
            event = {names:Array(String)}[1], event = {names:Array(String)}[2], event = {names:Array(String)}[4],
            event = {names:Array(String)}[5], event = {names:Array(String)}[6]
        ) as level
    from events
    where
        project = {project:UInt32} and type = 'track' and event in {names:Array(String)}
        and ({everyone:UInt8} or identity in {identities:Array(UInt64)})
    group by identity
)
group by level
order by level
