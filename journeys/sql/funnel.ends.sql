-- Where and how do runs end, and how long did those take that reached the goal?
select
    toUInt8(furthest) as position,
    toString(outcome) as how,
    count() as n,
    quantileExactInclusive(0.5)((last - start) / 1000) as median,
    quantileExactInclusive(0.9)((last - start) / 1000) as p90
from ({{runs}})
where {{which}}
group by position, how
