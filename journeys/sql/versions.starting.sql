-- Which customers have a touchpoint of the period that may begin a run? Only they can have runs that began in it.
select distinct customer
from {{resolved}}
where project = {project:UInt32} and ({{opening}}) and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({start:Int64}) and timestamp < fromUnixTimestamp64Milli({end:Int64})
