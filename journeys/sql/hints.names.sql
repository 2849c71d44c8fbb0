-- Which properties or traits do these events have, in which share of a sample of them, and with which values?
with
    sample as (
        select {{column}} as given
        from events
        where
            project = {project:UInt32} and {{which}} and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({since:Int64})
        limit {rows:UInt32}
    ),
    pairs as (
        select arrayJoin(JSONExtractKeysAndValuesRaw(given)) as pair, pair.1 as name, pair.2 as value
        from sample
    )
select
    name,
    count() / (select count() from sample) as share,
    sumMap([substringUTF8(if(startsWith(value, '"'), JSONExtractString(value), value), 1, 80)], [toInt64(1)]) as shown,
    arraySlice(arraySort((example, times) -> (-times, example), shown.1, shown.2), 1, 3) as examples
from pairs
group by name
order by share desc, name
limit {most:UInt32}
