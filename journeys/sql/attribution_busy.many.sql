-- Which customers have more than so many runs here?
select customer, count() as n
from ({{runs}})
where of_several
group by customer
having n > {few:UInt32}
