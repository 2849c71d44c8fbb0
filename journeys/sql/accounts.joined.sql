-- Of which accounts is this customer a member, and since when?
select group_id as account, toUnixTimestamp64Milli(min(timestamp)) as since
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
