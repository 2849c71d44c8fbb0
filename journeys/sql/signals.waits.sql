-- Within which time had this share of those who came to the step come there, of runs that are old enough?
select count() as n, quantileExactInclusiveIf({share:Float64})(wait, has_come) as wait_ms
from ({{chosen}})
where standing != 'young'
