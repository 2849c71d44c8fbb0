-- How many go from where to where at each position, and how many customers are they?
select node.1 as position, node.2 as source, node.3 as target, node.4 as kind, count() as n
from (select arrayJoin(nodes) as node from ({{ways}}))
group by position, source, target, kind
order by position, n desc, source, target, kind
