-- How much did this customer pay and get back, by currency? An order or a refund that is told twice counts once.
with
    told as (
        select
            event,
            event in {refunds:Array(String)} as is_refund,
            JSONExtract(
                properties,
                'Tuple(
                    revenue Nullable(String), total Nullable(String), value Nullable(String),
                    currency String, order_id String, transaction_id String, refund_id String
                )'
            ) as said,
            upper(said.currency) as named,
            replaceRegexpAll(
                if(named = '' and not is_refund, said.revenue, coalesce(said.revenue, said.total, said.value)),
                '[\\s\\x{00a0}\\x{202f}\'’\\p{Sc}]', ''
            ) as written,
            -- Groups of three are no decimals, except behind a single point, as JSON writes numbers.
            multiIf(
                match(written, '^[+-]?\\d{1,3}(,\\d{3})+(\\.\\d+)?$'), replaceAll(written, ',', ''),
                match(written, '^[+-]?\\d{1,3}(\\.\\d{3}){2,}$'), replaceAll(written, '.', ''),
                match(written, '^[+-]?(\\d+|\\d{1,3}(\\.\\d{3})+),\\d+$'),
                    replaceOne(replaceAll(written, '.', ''), ',', '.'),
                written
            ) as plain,
            toDecimal128OrNull(plain, 4) as amount,
            if(said.order_id != '', said.order_id, said.transaction_id) as order_id,
            timestamp, sequence, event_id
        from customer_events
        where
            project = {project:UInt32}
            and identity in {identities:Array(UInt64)}
            and customer = {customer:UInt64}
            and type = 'track'
            and not is_bot
            and event not in {unpaid:Array(String)}
            and multiSearchAny(properties, ['"revenue"', '"total"', '"value"'])
    ),
    counted as (
        select amount, named, is_refund, order_id, event
        from told
        order by timestamp, sequence, event_id
        limit 1 by isNull(amount), multiIf(
            is_refund and said.refund_id != '', concat('refund:', said.refund_id),
            is_refund and order_id != '', concat('back:', toString(abs(amount)), ':', order_id),
            event in {orders:Array(String)} and order_id != '', concat('order:', order_id),
            event_id
        )
    ),
    priced as (
        -- A refund that names no currency has that of its order, else the only one that was paid in.
        select
            *,
            groupUniqArrayIf(2)(named, not is_refund and named != '') over () as paid_in,
            maxIf(named, not is_refund) over (partition by order_id) as ordered_in,
            multiIf(
                not is_refund or named != '', named,
                order_id != '' and ordered_in != '', ordered_in,
                length(paid_in) = 1, paid_in[1],
                ''
            ) as currency
        from counted
    )
select
    currency,
    toFloat64(sum(if(is_refund, -abs(amount), amount))) as net,
    toFloat64(sum(if(is_refund, abs(amount), 0))) as refunded,
    countIf(not is_refund) as payments,
    countIf(is_refund) as refunds,
    arraySort(groupUniqArray(100)(toString(event))) as events
from priced
where isNotNull(amount)  -- not earlier: the engine would read amounts of all events to find those that have one
group by currency
order by payments desc, currency
