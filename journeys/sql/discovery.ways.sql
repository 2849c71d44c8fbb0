-- Which ways did most of the attempts take that came to the goal, and how long did they need?
select
    arraySlice(whole, 1, {longest:UInt8}) as way,
    length(whole) > {longest:UInt8} as is_cut,
    count() as n,
    uniqExact(customer) as customers,
    quantileExactInclusive(0.5)(seconds) as median,
    sum(n) over () as reached,
    count() over () as ways
from ({{whole}})
where outcome = 'succeeded'
group by way, is_cut
order by n desc, length(way), way, is_cut
limit {first_ways:UInt32} offset {skipped:UInt32}
