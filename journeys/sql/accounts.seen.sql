-- How much did each of these customers do, when last, and what was that; by which user id and e-mail is it known?
select
    customer,
    count() as n,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen,
    argMaxIf(
        {{label}},
        (timestamp, sequence, event_id),
        type in ('track', 'page', 'screen')
    ) as last_touchpoint,
    min(nullIf(user_id, '')) as user_id,
    argMaxIf(
        JSONExtractString(traits, 'email'), (timestamp, sequence, event_id),
        type != 'group' and JSONExtractString(traits, 'email') != ''
    ) as email
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
    and not is_bot
group by customer
order by customer
