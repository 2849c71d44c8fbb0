-- Of the runs that are old enough and came to the step: how many are there, and how many had come by each landmark?
select
    countIf(has_come) as n,
    sumForEach(arrayMap(landmark -> toUInt64(has_come and wait <= landmark), {landmarks:Array(Int64)})) as come
from ({{chosen}})
where standing != 'young'
