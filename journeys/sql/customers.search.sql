-- Which customers have one of these identities, or a trait with this text; the latest match first?
select customer, max(timestamp) as last_match
from {{resolved}}
where
    project = {project:UInt32}
    and not is_bot
    and (
        identity in {identities:Array(UInt64)}
        or ({text:String} != '' and anonymous_id = {text:String})
        or (type in ('identify', 'group') and {text:String} != '' and positionCaseInsensitive(traits, {text:String}) > 0)
        or ({text:String} = '' and timestamp >= fromUnixTimestamp64Milli({since:Int64}))
    )
group by customer
order by last_match desc, customer
limit {most:UInt32}
