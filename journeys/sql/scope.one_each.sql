-- Which of these runs is the latest of each customer, and how many of them are theirs?
select *, count() over (partition by customer) as stands_for
from ({{runs}})
where {{which}}
order by customer, start desc, number desc, account desc
limit 1 by customer
