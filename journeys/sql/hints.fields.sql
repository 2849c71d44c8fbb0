-- Which fields do events have, in which share of a sample of them, and with which values?
with
    sample as (
        select {{columns}}
        from events
        where
            project = {project:UInt32} and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({since:Int64})
        limit {rows:UInt32}
    ),
    counted as (
        select arrayJoin([{{pairs}}]) as pair, pair.1 as name, pair.2 as value, count() as times
        from sample
        group by pair
    )
select
    name,
    sum(times) / (select count() from sample) as share,
    arrayMap(one -> one.2, arraySlice(arraySort(one -> (-one.1, one.2), groupArray((toInt64(times), value))), 1, 3))
        as examples
from counted
where value != ''
group by name
