-- How much did this customer pay and get back, by currency? An order that is told twice counts once.
with
    told as (
        select
            event,
            event in {refunds:Array(String)} as is_refund,
            JSONExtract(
                properties,
                'Tuple(
                    revenue Nullable(String), total Nullable(String), value Nullable(String),
                    currency String, order_id String, transaction_id String
                )'
            ) as said,
            upper(said.currency) as currency,
            toDecimal128OrNull(
                if(currency = '', said.revenue, coalesce(said.revenue, said.total, said.value)), 4
            ) as amount,
            if(event in {orders:Array(String)}, if(said.order_id != '', said.order_id, said.transaction_id), '')
                as order_id,
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
        select *
        from told
        where isNotNull(amount)
        order by timestamp, sequence, event_id
        limit 1 by if(order_id = '', hex(event_id), concat('order:', order_id))
    )
select
    currency,
    toFloat64(sum(if(is_refund, -abs(amount), amount))) as net,
    toFloat64(sum(if(is_refund, abs(amount), 0))) as refunded,
    countIf(not is_refund) as payments,
    countIf(is_refund) as refunds,
    arraySort(groupUniqArray(100)(toString(event))) as events
from counted
group by currency
order by payments desc, currency
