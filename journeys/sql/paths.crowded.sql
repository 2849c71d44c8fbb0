-- Which customers have very many runs, and of which length are the parts of their time that hold about one of them? They
-- are as long as runs are on average, too, as each run stands in every part that it lies in.
select
    customer,
    greatest(
        intDiv({now:Int64} - min(toUnixTimestamp64Milli(run.start)), count()),
        toInt64(avg(toUnixTimestamp64Milli(run.last) - toUnixTimestamp64Milli(run.start)))
    ) + 1 as length
from ({{source}}) as run
where run.of_several and run.start <= fromUnixTimestamp64Milli({now:Int64})
group by customer
having count() > {few:UInt32}
