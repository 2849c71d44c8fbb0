-- Which sessions began in the period, the newest first, from the cursor on?
select
    customer,
    toUnixTimestamp64Milli(found.start) as start,
    toUnixTimestamp64Milli(found.last) as last,
    lower(hex(found.id)) as id,
    duration, touchpoints, pages, server_touchpoints,
    {{entry}} as entry, {{exit}} as exit,
    toString(channel) as channel, toString(source) as source, toString(medium) as medium,
    toString(campaign) as campaign, toString(device) as device, toString(country) as country,
    engaged_seconds, scroll, bounced, engaged
from ({{sessions}}) as found
where
    found.start >= fromUnixTimestamp64Milli({start:Int64})
    and found.start < fromUnixTimestamp64Milli({end:Int64})
    and {{chosen}}
    and (toUnixTimestamp64Milli(found.start), customer, lower(hex(found.id)))
        < ({after_start:Int64}, {after_customer:UInt64}, {after_id:String})
order by start desc, customer desc, id desc
limit {most:UInt32}
