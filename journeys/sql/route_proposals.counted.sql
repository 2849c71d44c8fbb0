-- How many different names do pages have now, and would they have?
select uniqExact({{before}}) as before, uniqExact({{after}}) as after, sumIf(n, {{before}} != {{after}}) as changed
from ({{paths}})
