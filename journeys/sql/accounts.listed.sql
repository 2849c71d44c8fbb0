-- Which accounts are there with this text in their id or a trait, how many customers does each have, and when
-- was the account told of last?
select
    group_id as account,
    argMaxIf(
        JSONExtractString(traits, 'name'), (timestamp, sequence, event_id), JSONExtractString(traits, 'name') != ''
    ) as name,
    uniqExact(customer) as members,
    toUnixTimestamp64Milli(min(timestamp)) as first_told,
    toUnixTimestamp64Milli(max(timestamp)) as last_told
from customer_events
where project = {project:UInt32} and type = 'group' and group_id != '' and not is_bot
group by account
having
    {text:String} = ''
    or positionCaseInsensitiveUTF8(account, {text:String}) > 0
    or max(positionCaseInsensitiveUTF8(traits, {text:String})) > 0
order by last_told desc, account
limit {most:UInt32} offset {skipped:UInt32}
