-- How many runs took, or were watched, how long?
select came, seconds, count() as n
from ({{taken}})
group by came, seconds
order by seconds, came
