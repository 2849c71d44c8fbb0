-- Which properties does this event carry, how often, of which types, since when, and with which values?
-- The sort key begins with the customer's identity, a hash: the first rows are a fair sample of customers.
with
    sample as (
        select {{column}} as given, timestamp
        from events
        where
            project = {project:UInt32} and type = {type:String} and event = {event:String} and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({since:Int64})
        limit {rows:UInt32}
    ),
    pairs as (
        select arrayJoin(JSONExtractKeysAndValuesRaw(given)) as pair, pair.1 as name, pair.2 as value, timestamp
        from sample
    )
select
    name,
    count() as n,
    (select count() from sample) as sampled,
    arraySort(groupUniqArray(multiIf(
        startsWith(value, '"'), 'string',
        value in ('true', 'false'), 'boolean',
        value = 'null', 'null',
        startsWith(value, '{'), 'object',
        startsWith(value, '['), 'array',
        match(value, '^-?[0-9]+$'), 'integer',
        'number'
    ))) as types,
    uniq(value) as distinct_values,
    toUnixTimestamp64Milli(min(timestamp)) as first_seen,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen,
    sumMap([substringUTF8(if(startsWith(value, '"'), JSONExtractString(value), value), 1, 80)], [toInt64(1)]) as shown,
    arraySlice(arraySort((example, times) -> (-times, example), shown.1, shown.2), 1, 5) as examples
from pairs
group by name
order by n desc, name
limit {most:UInt32}
