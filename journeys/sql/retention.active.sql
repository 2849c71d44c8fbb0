-- In which parts of the time did each customer do something?
select customer, arraySort(groupUniqArray(roundDown(toUnixTimestamp64Milli(timestamp), {edges:Array(Int64)}))) as parts
from {{resolved}}
where
    project = {project:UInt32}
    and type in ('track', 'page', 'screen')
    and not (type = 'track' and event = {engagement:String})
    and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({edges:Array(Int64)}[1])
    and timestamp <= fromUnixTimestamp64Milli({now:Int64})
group by customer
