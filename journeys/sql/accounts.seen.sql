-- How much did each of these customers do, when last, and what was that; by which user id and e-mail is it known?
-- As on the pages of customers all events count, also where one was taken for a robot's.
select
    customer,
    count() as n,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen,
    argMaxIf(
        {{label}},
        (timestamp, sequence, event_id),
        type in ('track', 'page', 'screen') and not is_bot
    ) as last_touchpoint,
    min(nullIf(user_id, '')) as user_id,
    argMaxIf(
        JSONExtractString(traits, 'email'), (timestamp, sequence, event_id),
        type != 'group' and JSONExtractString(traits, 'email') != '' and not is_bot
    ) as email
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
group by customer
order by customer
