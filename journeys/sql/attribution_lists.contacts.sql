-- How many contacts of this label had each of these runs before its end? Those up to its end, less those before the time
-- that is looked at.
with numbered as {{held}} (
    select customer, at, sum(n) over (partition by customer order by at) as so_far
    from (
        select customer, at, count() as n
        from ({{contacts}})
        where code = {label:UInt8}
        group by customer, at
    )
)
select customer, number, so_far - before.so_far as how_often
from (
    select runs.customer as customer, runs.number as number, runs.last as last, latest.so_far as so_far
    from ({{runs}}) as runs
    asof inner join numbered as latest on latest.customer = runs.customer and latest.at <= runs.last
) as ended
asof left join numbered as before on before.customer = ended.customer and before.at < ended.last - {lookback:Int64}
where how_often > 0
