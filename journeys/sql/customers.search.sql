-- Whose are the events of these identities that match, from the cursor on: those named, or with a trait of this text;
-- the latest match first?
select customer, toUnixTimestamp64Milli(max(timestamp)) as last_match
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and not is_bot
    and (
        identity in {named:Array(UInt64)}
        or customer in {owners:Array(UInt64)}
        or (
            timestamp >= fromUnixTimestamp64Milli({since:Int64})
            and ({text:String} = '' or type in ('identify', 'group') and positionCaseInsensitiveUTF8(traits, {text:String}) > 0)
        )
    )
group by customer
having (last_match, customer) < ({after_match:Int64}, {after_customer:UInt64})
order by last_match desc, customer desc
limit {most:UInt32}
