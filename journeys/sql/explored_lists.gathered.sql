-- Which labels are at a node, a condition on a node of a way, and how many ways has each? `labels` says how many there are.
select node.3 as hash, count() as n, count() over () as labels
from (select arrayJoin(nodes) as node from ({{ways}}))
where {{target}}
group by hash
order by n desc, hash
limit {most:UInt32}
