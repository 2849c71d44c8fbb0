-- Which sessions were there, as the ledger stood at a moment? Those stored of customers who have not changed since,
-- and those of the others, counted anew.
select customer, id, start, last, touchpoints, server_touchpoints, channel, source, medium, campaign, device, country
from ({{stored}})
union all
select customer, id, start, last, touchpoints, server_touchpoints, channel, source, medium, campaign, device, country
from ({{computed}})
