-- Which labels are together in a row, a condition on what was around, and how many of those that are counted have each?
-- `labels` says how many there are.
select
    {{word}} as word,
    countIf({{counted}}) as n,
    countIf(is_left) as left_here,
    countIf(not is_left) as went_on,
    count() over () as labels
from ({{around}})
where {{condition}}
group by word
order by n desc, word
limit {most:UInt32}
