-- Of which accounts is this customer a member, since when, and when was that told last?
select
    group_id as account,
    toUnixTimestamp64Milli(min(timestamp)) as since,
    toUnixTimestamp64Milli(max(timestamp)) as last
from customer_events
where
    project = {project:UInt32}
    and type = 'group'
    and group_id != ''
    and not is_bot
    and identity in {identities:Array(UInt64)}
    and customer = {customer:UInt64}
group by account
order by since, account
limit {most:UInt32}
