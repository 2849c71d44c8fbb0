-- Which is the first of these runs of each customer?
select customer, number, account
from ({{runs}})
where {{which}}
order by start, number
limit 1 by customer
