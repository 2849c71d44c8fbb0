-- What was done during these runs, and soon after those that were lost? Runs are numbered from 1, times in milliseconds.
with {{whose}} as customers
select
    number,
    at,
    label,
    count() over (partition by number) as n
from (
    select
        toUnixTimestamp64Milli(timestamp) as at,
        sequence,
        event_id,
        substringUTF8({{label}}, 1, 200) as label,
        arrayJoin(
            arrayFilter(
                (nth, whose, begun, ended) -> whose = customer and at between begun and ended,
                arrayEnumerate(customers), customers, {begun:Array(Int64)}, {ended:Array(Int64)}
            )
        ) as number
    from {{resolved}}
    where
        project = {project:UInt32}
        and type in ('track', 'page', 'screen')
        and not (type = 'track' and event in {measured:Array(String)})
        and not is_bot
        and timestamp >= fromUnixTimestamp64Milli(arrayMin({begun:Array(Int64)}))
        and timestamp <= fromUnixTimestamp64Milli(arrayMax({ended:Array(Int64)}))
        and customer in (select arrayJoin(customers))
)
order by number, at, sequence, event_id
limit {most:UInt32} by number
