-- When did any run of each customer begin until now?
select customer, groupArray(toUnixTimestamp64Milli(run.start)) as starts
from ({{source}}) as run
where run.start <= fromUnixTimestamp64Milli({now:Int64})
group by customer
