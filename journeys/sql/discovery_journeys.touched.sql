-- Which touchpoints did the customers of the sample have in the period, and when?
select
    customer,
    (toUnixTimestamp64Milli(timestamp), sequence) as at,
    type,
    if(type = 'page', {{route}}, toString(event)) as said,
    cityHash64(type, said) as label,
    properties
from {{resolved}}
where
    project = {project:UInt32}
    and type in ('track', 'page', 'screen')
    and said != ''
    and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    and timestamp < fromUnixTimestamp64Milli({end:Int64})
    and ({chunks:UInt32} = 1 or cityHash64(customer) % {chunks:UInt32} = 0)
    and {{members}}
