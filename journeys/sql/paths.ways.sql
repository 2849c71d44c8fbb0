-- Which touchpoints does each run pass after a step, before it, or when it is over? A way is a run's nodes, each told
-- by its position, the labels before and at it as hashes, and the number of what it is among `kinds`: from where the way
-- begins, a touchpoint, how the run ends, or on where more touchpoints follow than are shown; then how many repeats it
-- holds, and whether its label stood earlier in the way. `key` is the order of the rule in one number, as those compare
-- fast: time, sequence (beyond 2 ** 52 all are equal), and of the event id the first four bytes, which tell apart what
-- came at once. Each run is among its own touchpoints as one without a label, so that none gets lost.
with
    runs as {{once}} (
        select
            taken.customer as customer,
            number,
            toUInt32(cityHash64(account)) as member,
            toUInt8({{mine}}) as is_mine,
            toUInt8({{theirs}}) as is_theirs,
            toUnixTimestamp64Milli(times[indexOf(steps, {anchor_position:UInt8})]) as anchored,
            byteSwap(reinterpretAsUInt32(event_ids[indexOf(steps, {anchor_position:UInt8})])) as anchor_id,
            empty(event_ids) as is_old,
            has(steps, {until_position:UInt8}) as is_through,
            toUnixTimestamp64Milli(times[indexOf(steps, {until_position:UInt8})]) as reached,
            byteSwap(reinterpretAsUInt32(event_ids[indexOf(steps, {until_position:UInt8})])) as until_id,
            {{begins}} as begins,
            {{ends}} as ends,
            indexOf({kinds:Array(String)}, {{ending}}) as ending
        from ({{runs}}) as taken
        {{again}}
        where ({{which}}) and (is_mine or is_theirs)
    ),
    touchpoints as (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as at,
            bitShiftLeft(toUInt128(at + {past:Int64}), 84)
                + bitShiftLeft(toUInt128(least(sequence, 4503599627370495)), 32)
                + byteSwap(reinterpretAsUInt32(event_id)) as key,
            multiIf(
                type not in ('track', 'page', 'screen'), 0,
                type != 'page', cityHash64({{short_name}}),
                startsWith({{route}}, '/'), cityHash64({{route}}),
                cityHash64(concat('page:', {{route}}))
            ) as label,
            {{part}} as part
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
            max(told) as about,
            minIf(key, is_anchor) as anchor_key,
            minIf(key, is_until) as until_key,
            groupArray(key) as keys,
            arraySort((label, key) -> key, groupArray(label), keys) as history
        from (
            select
                customer,
                number,
                member,
                toUInt8(0) as told,
                key,
                at = anchored and (is_old or toUInt32(key) = anchor_id) as is_anchor,
                is_through and not is_old and at = reached and toUInt32(key) = until_id as is_until,
                label
            from touchpoints
            inner join (
                select
                    customer, number, member, begins, ends, is_old, anchored, anchor_id, is_through, reached, until_id,
                    {{parts}} as part
                from runs
            ) as spans using ({{meets}})
            where at >= begins and at <= ends
            union all
            select
                customer, number, member, toUInt8(ending * 4 + is_theirs * 2 + is_mine), toUInt128(0),
                toUInt8(0), toUInt8(0), toUInt64(0)
            from runs
        )
        group by customer, number, member
    ),
    sequences as (
        select
            customer,
            number,
            bitTest(about, 0) as is_mine,
            bitTest(about, 1) as is_theirs,
            intDiv(about, 4) as ending,
            if({afterwards:UInt8}, 0, arrayCount(key -> key < anchor_key, keys) + 1) as place,
            if(until_key = 0, length(history) + 1, arrayCount(key -> key < until_key, keys) + 1) as stop,
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
            toUInt8(multiIf(position = 1, {begin:UInt8}, position > {depth:UInt8} + 1, {more:UInt8}, {touchpoint:UInt8})),
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
            toUInt64(0), toUInt8(ending), toUInt32(0), toUInt8(0)
        ))
    ) as way
from sequences
-- Many touchpoints meet few runs each: to deal them out to threads first costs more than it saves.
settings join_algorithm = 'hash'
