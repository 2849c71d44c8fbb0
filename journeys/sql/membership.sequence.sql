-- To the customers of which of these runs did the one happen and after it the other, both from `since` to `until`?
-- To each of the others belongs the latest of the first before it: if that is too early or too long ago, all are.
with
    spans as (select customer, number, {{since}} as since, {{until}} as until from ({{runs}})),
    touchpoints as (
        select
            customer, toUnixTimestamp64Milli(timestamp) as t, sequence, event_id,
            toUInt8({{is_first}}) as is_first, toUInt8({{is_then}}) as is_then
        from {{happened}}
        where
            project = {project:UInt32} and not is_bot and (({{is_first}}) or ({{is_then}}))
            and timestamp >= fromUnixTimestamp64Milli({{earliest}}) and {{latest}}
    ),
    pairs as (
        select customer, t, max(first_t) as latest_first
        from (
            select
                customer, t, is_then,
                max(if(is_first, t, -1)) over (
                    partition by customer
                    order by t, sequence, event_id
                    rows between unbounded preceding and 1 preceding
                ) as first_t,
                sum(is_first) over (
                    partition by customer
                    order by t, sequence, event_id
                    rows between unbounded preceding and 1 preceding
                ) as firsts
            from touchpoints
        )
        where is_then and firsts > 0 and {{within}}
        group by customer, t
    )
select customer, number
from (
    select
        spans.customer as customer, spans.number as number,
        pairs.is_pair and pairs.latest_first >= spans.since as happened
    from spans
    asof left join (select customer, t, latest_first, 1 as is_pair from pairs) as pairs
        on pairs.customer = spans.customer and spans.until >= pairs.t
)
where {{met}}
