-- Which runs are these, how did they end, and what was the goal worth, by a property of its event?
select
    runs.customer as customer,
    runs.number as number,
    runs.last as last,
    runs.outcome as outcome,
    if(runs.outcome = 'succeeded', ifNull(goals.worth.1, 0), 0) as value,
    runs.outcome = 'succeeded' and isNotNull(goals.worth.1) as is_valued
from (select * from ({{runs}}) where {{which}}) as runs
left any join (
    select
        customer,
        toUnixTimestamp64Milli(timestamp) as at,
        argMin(tuple(told), (sequence, event_id)) as worth
    from (
        select
            customer, timestamp, sequence, event_id,
            toFloat64OrNull(JSONExtract(properties, {value:String}, 'Nullable(String)')) as number,
            if(isFinite(number), number, null) as told
        from {{resolved}}
        where
            project = {project:UInt32}
            and ({{anchor}})
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    )
    group by customer, at
) as goals on goals.customer = runs.customer and goals.at = runs.last
