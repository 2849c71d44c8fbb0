-- Which ways through the steps before the goal do runs take, how often, and how well do they end?
-- The runs of each customer are counted by a hash of their way: as numbers they are told apart faster than as lists.
-- Outcome 1 is succeeded, 4 in time.
with
    chosen as {{once}} (
        select {{way}} as way, customer, outcome_number, (last - start) / 1000 as seconds
        from ({{runs}})
        where {{which}}
    ),
    ways as (
        select
            way,
            cityHash64(way) as hash,
            count() as n,
            countIf(outcome_number = 1) as succeeded,
            countIf(outcome_number = 4) as in_time,
            quantileExactInclusiveIf(0.5)(seconds, outcome_number = 1) as median
        from chosen
        group by way
    ),
    spreads as (
        select hash, sumMap([theirs], [toUInt64(1)]) as spread
        from (select cityHash64(way) as hash, customer, count() as theirs from chosen group by hash, customer)
        group by hash
    )
select
    way, n, succeeded, in_time, median, spread,
    sum(n) over () as runs,
    sum(succeeded) over () as all_succeeded,
    sum(in_time) over () as all_in_time,
    count() over () as ways
from ways
any inner join spreads on spreads.hash = ways.hash
order by n desc, way
limit {most:UInt32} offset {skipped:UInt32}
