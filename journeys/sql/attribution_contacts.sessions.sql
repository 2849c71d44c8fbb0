-- Which sessions are contacts, when, and by what label? Not those in which nothing but servers spoke, and no origin is
-- known.
select
    customer,
    toUnixTimestamp64Milli(found.start) as at,
    id as tie,
    {{label}} as label,
    found.channel in ('', 'Direct') as is_direct
from ({{sessions}}) as found
where
    at >= {start:Int64} - {lookback:Int64}
    and at <= {now:Int64}
    and (
        found.touchpoints > found.server_touchpoints
        or found.channel != '' or found.source != '' or found.medium != '' or found.campaign != ''
    )
