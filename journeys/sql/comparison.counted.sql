-- How do the runs of each segment stand, and how many of them are in another one, too? A segment with itself is the
-- segment; all in one question, so that the numbers are of the same runs.
with
    grouped as (
        select
            customer, outcome, start, last, furthest,
            arrayFilter((place, is_in) -> is_in, range(1, length(is_of) + 1), is_of) as places
        from (select customer, outcome, start, last, furthest, [{{groups}}] as is_of from ({{runs}}) where {{which}})
    )
select
    one,
    other,
    count() as n,
    countIf(outcome = 'succeeded') as succeeded,
    countIf(outcome = 'failed') as failed,
    countIf(outcome = 'dropped') as dropped,
    countIf(outcome = 'in_time') as in_time,
    sumForEach(arrayMap(k -> toUInt64(furthest >= k), range(1, {goal:UInt32} + 1))) as progressed,
    uniqExact(customer) as customers,
    quantilesExactInclusiveIf(0.5, 0.9)((last - start) / 1000, outcome = 'succeeded') as seconds
from grouped
array join places as one
array join arrayFilter(place -> place >= one, places) as other
group by one, other
