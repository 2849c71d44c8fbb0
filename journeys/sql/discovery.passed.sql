-- How many attempts passed each touchpoint on their way, and how did they end?
select
    label,
    countIf(outcome = 'succeeded') as reached,
    countIf(outcome = 'dropped') as not_reached,
    countIf(outcome = 'in_time') as under_way
from (select outcome, arrayJoin(arrayDistinct(passed)) as label from ({{walked}}))
group by label
order by reached desc, not_reached desc, label
limit {most:UInt32}
