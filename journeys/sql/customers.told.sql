-- Which identities told a trait with this text lately, the latest first?
select identity
from events
where
    project = {project:UInt32}
    and type in ('identify', 'group')
    and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({since:Int64})
    and positionCaseInsensitiveUTF8(traits, {text:String}) > 0
group by identity
order by max(timestamp) desc, identity
limit {most:UInt32}
