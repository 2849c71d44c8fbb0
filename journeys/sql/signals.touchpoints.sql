-- Which touchpoints had each run passed by the landmark, at least so many times, and when was it the last of these?
-- Those that match the step asked about, or a later one, are left out.
select
    customer, number, won, ended, toUInt8(0) as place, label as name, '' as carried, level, moments[level] as at
from (
    select
        chosen.customer as customer,
        label,
        any(chosen.number) as number,
        any(chosen.won) as won,
        any(chosen.ended) as ended,
        groupArraySorted(10)(touchpoints.t) as moments
    from (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as t,
            substringUTF8({{label}}, 1, 200) as label
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in ('track', 'page', 'screen')
            and not is_bot
            and not ({{later}})
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    ) as touchpoints
    inner join (select * from ({{chosen}}) where is_seen) as chosen on chosen.customer = touchpoints.customer
    where touchpoints.t >= chosen.start and touchpoints.t <= chosen.until
    group by customer, label
)
array join {levels:Array(Int64)} as level
where length(moments) >= level
