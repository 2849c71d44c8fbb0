-- When did the runs of each customer begin until now?
select customer, toUnixTimestamp64Milli(run.start) as begins_again, 1 as is_there
from ({{source}}) as run
where run.start <= fromUnixTimestamp64Milli({now:Int64})
