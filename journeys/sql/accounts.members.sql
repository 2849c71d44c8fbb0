-- Which customers are members of these accounts, and since when?
select group_id as account, customer, toUnixTimestamp64Milli(min(timestamp)) as since
from customer_events
where
    project = {project:UInt32}
    and type = 'group'
    and group_id in {accounts:Array(String)}
    and not is_bot
group by account, customer
order by account, since, customer
limit {most:UInt32} by account
