-- Which runs, by customer and first event, stand so by the other version? Where nothing is said: all of its runs.
select customer, opening
from ({{other}})
where {by_the_other:String} in ('', outcome)
