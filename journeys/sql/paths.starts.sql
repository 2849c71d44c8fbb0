-- When did any run of each customer begin?
select customer, groupArray(toUnixTimestamp64Milli(run.start)) as starts
from ({{source}}) as run
group by customer
