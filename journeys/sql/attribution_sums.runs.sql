-- Which runs are these, and how did they end? No value of the goal is asked for.
select customer, number, last, outcome, toFloat64(0) as value, 0 as is_valued
from ({{runs}})
where {{which}}
