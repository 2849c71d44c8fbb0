-- Which runs pass this node, or go from one node to the other? Both are conditions on a node of their way.
select customer, number
from ({{ways}})
where ({{group}}) and arrayExists(node -> ({{source}}) and ({{target}}), way)
