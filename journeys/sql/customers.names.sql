-- By which ids are these customers known, how much did each do in all, and when last?
select
    customer,
    if(user_id != '', 'user', 'anonymous') as kind,
    if(user_id != '', user_id, anonymous_id) as value,
    sum(count()) over (partition by customer) as n,
    count() over (partition by customer) as known_by,
    max(toUnixTimestamp64Milli(max(timestamp))) over (partition by customer) as last_seen
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
group by customer, kind, value
order by customer, kind desc, value
limit 5 by customer
