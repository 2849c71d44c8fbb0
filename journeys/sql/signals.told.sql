-- Which events took the steps that each run had taken by the landmark? `place` is the step, `at` its time.
select
    taken.customer as customer, taken.number as number, taken.won as won, taken.ended as ended,
    taken.way.1 as place, taken.way.2 as at,
    properties, channel, source, campaign, device, country
from (
    select event_id, properties, channel, source, campaign, device, country
    from events
    where
        project = {project:UInt32} and ({{earlier}}) and not is_bot
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
) as told
inner join (
    select customer, number, won, ended, arrayJoin(ways) as way, way.3 as event_id
    from ({{chosen}})
    where is_seen
) as taken on taken.event_id = told.event_id
