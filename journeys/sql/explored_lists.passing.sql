-- Whose ways go from the one node to the other, or come to it, the newest first?
select customer, anchored_at as at, count() over () as total
from ({{ways}})
where arrayExists(node -> ({{source}}) and ({{target}}), nodes)
order by at desc, customer
limit {most:UInt32} offset {skipped:UInt32}
