-- Which of these runs are of customers to whom it happened so often, from `since` to `until`? Touchpoints are counted
-- from the first on, so that the number in between is a difference.
with
    spans as (select customer, number, {{since}} as since, {{until}} as until from ({{runs}})),
    happened as (
        select customer, t, sum(times) over (partition by customer order by t rows unbounded preceding) as so_many
        from (
            select customer, toUnixTimestamp64Milli(timestamp) as t, count() as times
            from {{happened}}
            where
                project = {project:UInt32} and not is_bot and ({{is_it}})
                and timestamp >= fromUnixTimestamp64Milli({{earliest}}) and {{latest}}
            group by customer, t
        )
    ),
    until_then as (
        select spans.customer as customer, spans.number as number, spans.since as since, happened.so_many as all_of_them
        from spans
        asof left join happened on happened.customer = spans.customer and spans.until >= happened.t
    )
select customer, number
from (
    select
        until_then.customer as customer, until_then.number as number,
        until_then.all_of_them - happened.so_many as n
    from until_then
    asof left join happened on happened.customer = until_then.customer and until_then.since > happened.t
)
where {{met}}
