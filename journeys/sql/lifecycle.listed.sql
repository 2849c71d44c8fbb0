-- Which customers are these, from the cursor on?
select customer, count() over () as total
from ({{placed}})
where ({{which}})
order by customer
