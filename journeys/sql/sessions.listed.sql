-- Which sessions are these, by customer and start, with all their events?
select
    customer,
    toUnixTimestamp64Milli(start) as start,
    toUnixTimestamp64Milli(last) as last,
    duration,
    touchpoints as n,
    pages,
    server_touchpoints,
    lower(hex(id)) as id,
    arrayMap(member -> lower(hex(member)), members) as members,
    {{entry}} as entry,
    {{exit}} as exit,
    toString(channel) as channel,
    toString(source) as source,
    toString(medium) as medium,
    toString(campaign) as campaign,
    toString(device) as device,
    toString(country) as country,
    engaged_seconds,
    scroll,
    bounced,
    engaged
from ({{sessions}}) as found
where found.last >= fromUnixTimestamp64Milli({after:Int64}) and found.start < fromUnixTimestamp64Milli({before:Int64})
order by customer, start, id
