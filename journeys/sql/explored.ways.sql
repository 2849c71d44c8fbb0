-- Which touchpoints come after the first anchor of each visit, or before it, the nearest first? Labels are hashes, equal
-- neighbours are one. A visit ends when its customer does nothing for longer than the gap; it counts if its first anchor
-- lies in the period. `tail` says how the way ends: 'on' where more touchpoints follow than are shown.
with
    comers as (
        select customer
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in ('track', 'page', 'screen')
            and ({{anchor}})
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and timestamp < fromUnixTimestamp64Milli({end:Int64})
            and cityHash64(customer) % {chunks:UInt32} = 0
            and {{members}}
    ),
    touchpoints as (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as at,
            sequence,
            event_id,
            cityHash64({{label}}) as hash,
            toUInt8(({{anchor}}) and at >= {start:Int64} and at < {end:Int64}) as is_anchor
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in ('track', 'page', 'screen')
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {reach:Int64})
            and timestamp < fromUnixTimestamp64Milli({end:Int64} + {reach:Int64})
            and timestamp <= fromUnixTimestamp64Milli({now:Int64})
            and customer in (select customer from comers)
    ),
    histories as (
        select
            customer,
            arraySort(groupArray((at, sequence, event_id, hash, is_anchor))) as history,
            arraySplit(
                (one, before) -> one.1 - before.1 > {gap:Int64},
                history,
                arrayPushFront(arrayPopBack(history), history[1])
            ) as visits,
            arrayFilter(visit -> arrayExists(one -> one.5, visit), visits) as anchored
        from touchpoints
        group by customer
        having max(is_anchor)
    ),
    chosen as (
        select
            customer,
            arrayJoin(if({once:UInt8}, arraySlice(anchored, 1, 1), anchored)) as visit,
            arrayFirstIndex(one -> one.5, visit) as place,
            visit[place].1 as anchored_at,
            arrayMap(
                one -> one.4,
                if({backwards:UInt8}, arrayReverse(arraySlice(visit, 1, place)), arraySlice(visit, place))
            ) as labels,
            arrayFilter(
                (label, before, nth) -> nth = 1 or label != before,
                labels, arrayPushFront(arrayPopBack(labels), 0), arrayEnumerate(labels)
            ) as told
        from histories
    )
select
    customer,
    anchored_at,
    arraySlice(told, 1, {depth:UInt8} + 1) as way,
    multiIf(
        length(told) > {depth:UInt8} + 1, 'on',
        {backwards:UInt8}, 'start',
        {now:Int64} - visit[-1].1 <= {gap:Int64}, 'in_time',
        'nothing'
    ) as tail,
    arrayConcat(
        [(toUInt8(0), toUInt64(0), toUInt64(0), '')],
        arrayMap(i -> (toUInt8(i), if(i = 1, 0, way[i]), way[i + 1], ''), range(1, length(way))),
        if(tail = 'on', [], [(toUInt8(length(way)), if(length(way) = 1, 0, way[-1]), toUInt64(0), tail)])
    ) as nodes
from chosen
