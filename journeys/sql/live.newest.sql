-- What arrived last of what is wanted?
select
    lower(hex(event_id)) as id,
    toUnixTimestamp64Milli(timestamp) as at,
    toUnixTimestamp64Milli(received_at) as received,
    toString(type) as type,
    {{label}} as label,
    anonymous_id, user_id, side, library, channel, source, campaign, device, browser, os, country, city,
    path, title, referrer, is_bot, marks, properties, traits, customer, identity, session
from customer_events
where
    project = {project:UInt32}
    and received_at >= fromUnixTimestamp64Milli({since:Int64})
    and ({{wanted}})
order by received_at desc, timestamp desc, event_id desc
limit {most:UInt32}
