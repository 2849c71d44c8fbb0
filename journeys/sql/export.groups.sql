-- To which accounts does this customer belong, since when?
select
    group_id,
    toUnixTimestamp64Milli(min(timestamp)) as first,
    toUnixTimestamp64Milli(max(timestamp)) as last
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer = {customer:UInt64}
    and group_id != ''
group by group_id
order by first, group_id
