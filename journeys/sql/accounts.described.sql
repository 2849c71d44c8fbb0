-- What are these accounts called, how many customers does each have, and when was it told of first?
select
    group_id as account,
    argMaxIf(
        JSONExtractString(traits, 'name'), (timestamp, sequence, event_id), JSONExtractString(traits, 'name') != ''
    ) as name,
    uniqExact(customer) as members,
    toUnixTimestamp64Milli(min(timestamp)) as first_told
from customer_events
where project = {project:UInt32} and type = 'group' and group_id in {accounts:Array(String)} and not is_bot
group by account
