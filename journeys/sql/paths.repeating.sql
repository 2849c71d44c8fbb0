-- How many repeats does each run hold at this node, a condition on a node of its way? A run has one way, whoever makes it.
select distinct customer, number, arraySum(node -> if({{target}}, node.5, 0), way) as how_often
from ({{ways}})
where ({{group}}) and how_often > 0
