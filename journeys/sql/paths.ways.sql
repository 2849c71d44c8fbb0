-- Which touchpoints does each run pass after a step, before it, or when it is over? A way is a run's nodes, each told
-- by its position, the labels before and at it as hashes, and what it is: 'from' where the way begins, '' for a
-- touchpoint, then how the run ends, or 'on' where more touchpoints follow than are shown; then how many repeats it
-- holds, and whether its label stood earlier in the way. `key` is the order of the rule: time, sequence, event id. Each
-- run is among its own touchpoints as one without a label, so that none gets lost.
with
    runs as (
        select
            taken.customer as customer,
            number,
            cityHash64(account) as member,
            toUInt8({{mine}}) as is_mine,
            toUInt8({{theirs}}) as is_theirs,
            toUnixTimestamp64Milli(times[indexOf(steps, {anchor_position:UInt8})]) as anchored,
            reinterpretAsUInt128(reverse(event_ids[indexOf(steps, {anchor_position:UInt8})])) as anchor_id,
            has(steps, {until_position:UInt8}) as is_through,
            reinterpretAsUInt128(reverse(event_ids[indexOf(steps, {until_position:UInt8})])) as until_id,
            {{begins}} as begins,
            {{ends}} as ends,
            {{ending}} as ending
        from ({{runs}}) as taken
        {{again}}
        where ({{which}}) and (is_mine or is_theirs)
    ),
    touchpoints as (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as at,
            sequence,
            event_id,
            multiIf(
                type = 'page', cityHash64({{route}}),
                type not in ('track', 'screen'), 0,
                event != '', cityHash64(event),
                cityHash64(type)
            ) as label
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in {types:Array(String)}
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    ),
    histories as (
        select
            customer,
            number,
            max(is_mine) as is_mine,
            max(is_theirs) as is_theirs,
            max(anchored) as anchored,
            max(anchor_id) as anchor_id,
            max(is_through) as is_through,
            max(until_id) as until_id,
            max(ending) as ending,
            groupArray(key) as keys,
            arraySort((label, key) -> key, groupArray(label), keys) as history
        from (
            select
                customer, number, member, toUInt8(0) as is_mine, toUInt8(0) as is_theirs, toInt64(0) as anchored,
                toUInt128(0) as anchor_id, toUInt8(0) as is_through, toUInt128(0) as until_id, '' as ending,
                bitShiftLeft(toUInt256(at + {past:Int64}), 192)
                    + bitShiftLeft(toUInt256(sequence), 128)
                    + toUInt256(reinterpretAsUInt128(reverse(event_id))) as key,
                label
            from touchpoints
            inner join (select customer, number, member, begins, ends from runs) as spans using (customer)
            where at >= begins and at <= ends
            union all
            select
                customer, number, member, is_mine, is_theirs, anchored,
                anchor_id, is_through, until_id, ending, toUInt256(0) as key, toUInt64(0) as label
            from runs
        )
        group by customer, number, member
    ),
    sequences as (
        select
            customer,
            number,
            is_mine,
            is_theirs,
            ending,
            if(
                anchor_id = 0,
                arrayMin(arrayFilter(key -> bitShiftRight(key, 192) = anchored + {past:Int64}, arrayPushBack(keys, 0))),
                arrayFirst(key -> toUInt128(key) = anchor_id, keys)
            ) as anchor_key,
            arrayFirst(key -> toUInt128(key) = until_id, keys) as until_key,
            if({afterwards:UInt8}, 0, arrayCount(key -> key < anchor_key, keys) + 1) as place,
            if(
                {until_position:UInt8} > 0 and is_through and until_key != 0,
                arrayCount(key -> key < until_key, keys) + 1,
                length(history) + 1
            ) as stop,
            arrayPushFront(
                arrayFilter(
                    label -> label != 0,
                    if(
                        {backwards:UInt8},
                        arrayReverse(arraySlice(history, 1, greatest(place, 1) - 1)),
                        arraySlice(history, place + 1, stop - place - 1)
                    )
                ),
                if({afterwards:UInt8}, 0, history[place])
            ) as labels,
            arraySlice(
                if(
                    {collapse:UInt8},
                    arrayFilter(
                        (i, label, before) -> i = 1 or label != before,
                        arrayEnumerate(labels), labels, arrayPushFront(arrayPopBack(labels), 0)
                    ),
                    arrayEnumerate(labels)
                ),
                1,
                {depth:UInt8} + 2
            ) as heads,
            arrayMap(head -> labels[head], heads) as heads_labels
        from histories
    )
select
    customer,
    number,
    is_mine,
    is_theirs,
    arrayMap(
        (position, head, next, label, before, uniq) -> (
            toUInt8(position - 1),
            if(position <= 2, 0, before),
            if(position = 1 or position > {depth:UInt8} + 1, 0, label),
            multiIf(position = 1, 'from', position > {depth:UInt8} + 1, 'on', ''),
            toUInt32(if(position > {depth:UInt8} + 1, 0, next - head - 1)),
            position <= {depth:UInt8} + 1 and position > 1 and uniq > 1
        ),
        arrayEnumerate(heads),
        heads,
        arrayPushBack(arrayPopFront(heads), length(labels) + 1),
        heads_labels,
        arrayPushFront(arrayPopBack(heads_labels), 0),
        arrayEnumerateUniq(heads_labels)
    ) as passed,
    if(
        length(heads) > {depth:UInt8} + 1,
        passed,
        arrayPushBack(passed, (
            toUInt8(length(heads)), if(length(heads) = 1, 0, heads_labels[-1]),
            toUInt64(0), ending, toUInt32(0), toUInt8(0)
        ))
    ) as way
from sequences
