-- What is told of these events of a customer, the latest first?
select
    lower(hex(event_id)) as id,
    toUnixTimestamp64Milli(timestamp) as at,
    toString(type) as type,
    {{label}} as label,
    anonymous_id, user_id, side, library, channel, source, campaign, device, browser, os, country, city,
    path, title, referrer, is_bot, marks, properties, traits, customer, identity, session, sequence
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer = {customer:UInt64}
    and timestamp between fromUnixTimestamp64Milli({first:Int64}) and fromUnixTimestamp64Milli({last:Int64})
    and event_id in (select toFixedString(unhex(arrayJoin({ids:Array(String)})), 16))
order by timestamp desc, sequence desc, event_id desc
