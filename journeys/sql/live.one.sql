-- What is kept of this event, which arrived at this moment?
select
    *,
    lower(hex(event_id)) as id,
    {{label}} as label,
    toUnixTimestamp64Milli(timestamp) as at,
    toUnixTimestamp64Milli(received_at) as received
from customer_events
where
    project = {project:UInt32}
    and received_at = fromUnixTimestamp64Milli({received:Int64})
    and event_id = unhex({id:String})
limit 1
