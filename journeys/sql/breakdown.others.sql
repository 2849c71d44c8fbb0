-- Which values are together in Other, and how many runs does a number count of each? `total` says how many there are.
select name, {{number}} as counted, count() over () as total
from ({{counted}})
where kind = 'value' and {{which}}
order by counted desc, name
limit {listed:UInt32}
