-- Of the runs that began in each part of the time, in which did how many succeed?
select
    roundDown(start, {edges:Array(Int64)}) as cohort,
    if(outcome = 'succeeded', roundDown(last, {edges:Array(Int64)}), {all:Int64}) as part,
    count() as n
from ({{runs}})
where {{which}}
group by cohort, part
