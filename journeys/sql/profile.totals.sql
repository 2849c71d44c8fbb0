-- How much is known of this customer, from when to when, on how many days, in how many sessions: in all, and by
-- kind and channel?
select
    grouping(kind) as is_all,
    toString(type) as kind,
    toString(channel) as channel,
    count() as n,
    toUnixTimestamp64Milli(min(timestamp)) as first_seen,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen,
    uniqExact(toDate(timestamp, {zone:String})) as active_days,
    (select count() from ({{sessions}})) as sessions
from customer_events
where project = {project:UInt32} and identity in {identities:Array(UInt64)} and customer = {customer:UInt64}
group by grouping sets ((), (kind, channel))
order by is_all desc, n desc, kind, channel
limit 500
