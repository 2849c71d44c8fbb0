-- Which properties or traits do events of this kind carry, as far as a sample knows, the most frequent first?
select arrayJoin(JSONExtractKeys(given)) as name, count() as n
from (
    select {{column}} as given
    from events
    where project = {project:UInt32} and type = {type:String} and event = {event:String} and not is_bot
    limit {rows:UInt32}
)
group by name
order by n desc, name
limit {most:UInt32}
