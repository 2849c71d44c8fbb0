-- How many sessions began in the period, and how did they go?
select
    count() as n,
    uniqExact(customer) as customers,
    countIf(bounced) as bounced,
    countIf(engaged) as engaged,
    quantileExactInclusive(0.5)(duration) as median,
    quantileExactInclusive(0.9)(duration) as p90,
    round(sum(engaged_seconds), 3) as engaged_seconds
from ({{sessions}}) as found
where
    found.start >= fromUnixTimestamp64Milli({start:Int64})
    and found.start < fromUnixTimestamp64Milli({end:Int64})
    and {{chosen}}
