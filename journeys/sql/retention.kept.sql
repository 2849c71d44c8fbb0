-- How many customers has each cohort, and how many of them were active in each part since?
select cohort, arrayJoin(arrayPushFront(arrayFilter(part -> part >= cohort, parts), {all:Int64})) as part, count() as n
from ({{joined}})
group by cohort, part
