-- Which of these runs had a contact of this label as the last one before their end; as the last one that was not direct,
-- where there is one and those count alone?
with contacts as {{held}} (
    select customer, at, tie, code, is_direct
    from ({{contacts}})
)
select customer, number
from (
    select
        runs.customer as customer, runs.number as number,
        runs.last - {lookback:Int64} as since, latest.at as at, latest.code as code
    from ({{runs}}) as runs
    asof inner join (
        select customer, at, argMax(code, (tie, code, is_direct)) as code
        from contacts
        group by customer, at
    ) as latest on latest.customer = runs.customer and latest.at <= runs.last
) as ended
asof left join (
    select customer, at, argMax(code, (tie, code)) as code
    from contacts
    where not is_direct
    group by customer, at
) as known on known.customer = ended.customer and known.at <= ended.at
where
    ended.at >= since
    and if(
        {passes_direct:UInt8} and known.code > 0 and known.at >= since, known.code, ended.code
    ) = {label:UInt8}
