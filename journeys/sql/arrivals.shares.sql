-- How many events came, and how many of them are a robot's?
select count() as n, countIf(is_bot) as robots
from events
where project = {project:UInt32}
    and received_at >= fromUnixTimestamp64Milli({start:Int64})
    and received_at < fromUnixTimestamp64Milli({end:Int64})
