-- Which sessions did this customer have?
select
    lower(hex(id)) as id,
    toUnixTimestamp64Milli(sessions.start) as start,
    toUnixTimestamp64Milli(sessions.last) as last,
    touchpoints, pages, server_touchpoints, entry, exit,
    channel, source, medium, campaign, device, country,
    engaged_seconds, scroll, bounced, engaged
from ({{sessions}}) as sessions
order by sessions.start, id
