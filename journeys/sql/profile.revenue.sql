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
            said.refund_id as refund_id,
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
        select amount, named, is_refund, order_id, refund_id, event, timestamp
        from told
        order by timestamp, sequence, event_id
        limit 1 by isNull(amount), multiIf(
            is_refund and refund_id != '', concat('refund:', refund_id),
            is_refund and order_id != '', concat('back:', toString(abs(amount)), ':', order_id),
            event in {orders:Array(String)} and order_id != '', concat('order:', order_id),
            event_id
        )
    ),
    repeats as (
        -- Of two refunds of one amount, one that says less of whose it is repeats the other: for the same order,
        -- or within a day, if nothing that both of them name differs.
        select
            *,
            groupArrayIf((refund_id, order_id, named, timestamp), is_refund and (refund_id, order_id) != ('', ''))
                over (partition by abs(amount)) as others,
            is_refund and refund_id = '' and arrayExists(
                other -> (other.1 != '' or order_id = '')
                    and (order_id in ('', other.2) or other.2 = '')
                    and (named in ('', other.3) or other.3 = '')
                    and (order_id != '' and order_id = other.2
                        or abs(dateDiff('second', timestamp, other.4)) <= 86400),
                others
            ) as is_repeat
        from counted
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
        from repeats
        where not is_repeat
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
