-- Which runs did these customers make, and how did they end?
select customer, number, last, outcome, value, is_valued
from ({{runs}})
where customer in {busy:Array(UInt64)}
