-- Which sessions are contacts? Not those in which nothing but servers spoke, and no origin is known.
toUnixTimestamp64Milli(found.start) >= {start:Int64} - {lookback:Int64}
and toUnixTimestamp64Milli(found.start) <= {now:Int64}
and (
    found.touchpoints > found.server_touchpoints
    or found.channel != '' or found.source != '' or found.medium != '' or found.campaign != ''
)
