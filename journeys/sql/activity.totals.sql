-- How much did each of these customers do in all, and when last?
select
    customer,
    count() as n,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
group by customer
