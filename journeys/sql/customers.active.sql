-- Which identities did something lately, the latest first?
select identity
from events
where project = {project:UInt32} and not is_bot and timestamp >= fromUnixTimestamp64Milli({since:Int64})
group by identity
order by max(timestamp) desc, identity
limit {most:UInt32}
