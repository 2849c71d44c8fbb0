-- Which properties does this event carry, how often, and with which values?
select
    pair.1 as name,
    count() as n,
    topK(5)(substring(trim(both '"' from pair.2), 1, 80)) as examples
from (
    select arrayJoin(JSONExtractKeysAndValuesRaw(properties)) as pair
    from events
    where project = {project:UInt32} and type = 'track' and event = {event:String} and not is_bot
    limit {rows:UInt32}
)
group by name
order by n desc, name
limit {most:UInt32}
