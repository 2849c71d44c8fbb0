-- Which runs are to be told apart by what is kept with them? They all took the step that opens them.
select customer, number, outcome, furthest, channel, source, campaign, device, country, 1 as taken
from ({{runs}})
where {{which}}
