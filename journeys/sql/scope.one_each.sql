-- Which of these runs is the latest of each customer?
select *
from ({{runs}})
where {{which}}
order by customer, start desc, number desc, account desc
limit 1 by customer
