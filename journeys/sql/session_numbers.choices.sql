-- Which values do the attributes of the sessions of this period have, and how often? Nothing, and a value of that name,
-- are one.
select choice.1 as attribute, if(choice.2 = '', '(none)', choice.2) as value, count() as n
from ({{sessions}}) as found
array join [
    ('device', toString(found.device)), ('channel', toString(found.channel)), ('source', toString(found.source)),
    ('campaign', toString(found.campaign)), ('country', toString(found.country))
] as choice
where
    found.start >= fromUnixTimestamp64Milli({start:Int64})
    and found.start < fromUnixTimestamp64Milli({end:Int64})
group by attribute, value
order by attribute, n desc, value
limit {most:UInt32} by attribute
