-- Which customers are these, how many in all, from the cursor on?
select customer, total
from (select customer, count() over () as total from ({{placed}}) where {{which}})
where customer > {after:UInt64}
order by customer
limit {most:UInt32}
