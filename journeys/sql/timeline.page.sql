-- Which events stand on this page of a customer's timeline, the latest first? Few columns, so that all are looked at.
select lower(hex(event_id)) as id, toUnixTimestamp64Milli(timestamp) as at
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer = {customer:UInt64}
    and ({kind:String} = '' or type = {kind:String})
    and ({channel:String} = '' or channel = {channel:String})
    and (timestamp, sequence, event_id)
        < (fromUnixTimestamp64Milli({before:Int64}), {before_sequence:UInt64}, toFixedString(unhex({before_id:String}), 16))
order by timestamp desc, sequence desc, event_id desc
limit {most:UInt32}
