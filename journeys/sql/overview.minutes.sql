-- How many events were received in each minute since then? By minute in milliseconds.
select toUnixTimestamp(toStartOfMinute(received_at)) * 1000 as minute, count() as n
from events
where project = {project:UInt32} and received_at >= fromUnixTimestamp64Milli({begin:Int64})
group by minute
