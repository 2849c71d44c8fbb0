-- Which labels at a node, a condition on a node of a way, and how many runs of a group have each? `labels` says how many.
select node.3 as hash, count() as n, count() over () as labels
from (select is_mine, is_theirs, arrayJoin(way) as node from ({{ways}}))
where ({{target}}) and ({{group}})
group by hash
order by n desc, hash
limit {most:UInt32}
