-- Which customers have very many runs, and of which length are the parts of their time that hold about one of them?
select customer, intDiv({now:Int64} - min(toUnixTimestamp64Milli(run.start)), count()) + 1 as length
from ({{source}}) as run
where run.of_several and run.start <= fromUnixTimestamp64Milli({now:Int64})
group by customer
having count() > {few:UInt32}
