-- Which customers are members of this account, who joined last first, from the cursor on; how many are there in all?
select *
from (
    select
        customer,
        toUnixTimestamp64Milli(min(timestamp)) as since,
        count() over () as n,
        min(since) over () as first_told
    from customer_events
    where project = {project:UInt32} and type = 'group' and group_id in {accounts:Array(String)} and not is_bot
    group by customer
)
where (since, customer) < ({after_since:Int64}, {after_customer:UInt64})
order by since desc, customer desc
limit {most:UInt32}
