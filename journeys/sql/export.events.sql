-- What is stored of everything that this customer did, in the order in which it happened?
select
    lower(hex(event_id)) as event_id, message_id, toString(type) as type, event,
    toUnixTimestamp64Milli(events.timestamp) as timestamp,
    toUnixTimestamp64Milli(events.received_at) as received_at,
    sequence, anonymous_id, user_id, group_id, session, side, library,
    url, host, path, title, referrer, referrer_host,
    channel, source, medium, campaign, term, content, click_id,
    device, browser, os, country, region, city, locale, timezone, ip, is_bot, marks,
    properties, traits, context
from customer_events as events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer = {customer:UInt64}
    and (events.timestamp, events.sequence, events.event_id)
        > (fromUnixTimestamp64Milli({after:Int64}), {after_sequence:UInt64}, toFixedString(unhex({after_id:String}), 16))
order by events.timestamp, events.sequence, events.event_id
limit {most:UInt32}
