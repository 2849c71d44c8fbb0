-- How many attempts passed each touchpoint on their way, and how did they end? The first row, of label 0, is of all.
select
    label,
    countIf(outcome = 'succeeded') as reached,
    countIf(outcome = 'dropped') as not_reached,
    countIf(outcome = 'in_time') as under_way
from (select outcome, arrayJoin(arrayDistinct(arrayPushFront(passed, 0))) as label from ({{walked}}))
group by label
order by label != 0, reached desc, not_reached desc, label
limit {most:UInt32}
