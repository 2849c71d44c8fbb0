-- How many contacts has each of these customers?
select customer, count() as n
from ({{contacts}})
where customer in {busy:Array(UInt64)}
group by customer
