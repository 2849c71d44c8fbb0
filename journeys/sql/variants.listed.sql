-- Which ways through the steps do runs take, how often, and how well do they end?
select
    steps,
    count() as n,
    countIf(outcome = 'succeeded') as succeeded,
    quantileExactInclusiveIf(0.5)((last - start) / 1000, outcome = 'succeeded') as median,
    sum(n) over () as runs
from ({{runs}})
where {{which}}
group by steps
order by n desc, steps
limit {most:UInt32}
