-- By which ids are these customers known?
select distinct
    customer,
    if(user_id != '', 'user', 'anonymous') as kind,
    if(user_id != '', user_id, anonymous_id) as value
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
order by customer, kind desc, value
limit 5 by customer
