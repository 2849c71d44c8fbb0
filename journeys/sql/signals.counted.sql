-- How many runs carry each signal, how many of these came where they should, and how long after it was there?
-- Joins hold the runs in memory and let the events pass, never the other way round, however few these seem.
select
    place,
    name,
    carried,
    level,
    count() as n,
    countIf(won) as won_n,
    quantileExactInclusiveIf(0.5)((ended - at) / 1000, won) as lead_won,
    quantileExactInclusiveIf(0.5)((ended - at) / 1000, not won) as lead_lost
from ({{carriers}})
group by place, name, carried, level
having n >= {fewest:UInt32}
order by n desc, place, name, carried, level
limit {candidates:UInt32}
settings query_plan_join_swap_table = 'false'
