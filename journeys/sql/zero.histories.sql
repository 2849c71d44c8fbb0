-- For each history and step: which of its touchpoints match the step, which of these come after a touchpoint of the step
-- before, and which in time? `before` holds, for each step, the bits of the steps after which it may come.
with
    touchpoints as (
        select
            customer,
            {{case_value}} as case_value,
            toUnixTimestamp64Milli(timestamp) as t,
            sequence,
            event_id,
            {{mask}} as mask,
            toUInt8({{population}}) as counts,
            is_bot
        from {{resolved}}
        where
            project = {project:UInt32} and ({{relevant}}) and ({{whose}})
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    ),
    histories as (
        select
            customer,
            arraySort(groupArrayIf((t, sequence, event_id, mask, counts), not is_bot)) as history,
            groupArrayIf((mask, t), is_bot) as of_robots,
            arrayCumSum(gap -> gap > {idle:Int64}, arrayDifference(history.1)) as pieces,
            arrayFilter(
                (piece, at, bits) -> at < {end:Int64} and bitAnd(bits, {first_bit:UInt32}) != 0, pieces, history.1, history.4
            ) as begun,
            -- A first step after the period begins no run of it, but may keep one alive. In any order every step is a first one.
            arrayMap(
                (at, bits, piece) -> if(at < {end:Int64} or has(begun, piece), bits, bitAnd(bits, bitNot({first_bit:UInt32}))),
                history.1, history.4, pieces
            ) as masks
        from touchpoints
        where mask != 0
        group by customer, case_value
    )
select
    customer,
    arrayJoin(arrayEnumerate({before:Array(UInt32)})) as step,
    arrayMap(
        (at, bits) -> bitTest(bits, step - 1) and (step > {first_bit:UInt32} or at < {end:Int64}), history.1, history.4
    ) as matching,
    arrayCount(one -> bitTest(one.1, step - 1) and (step > {first_bit:UInt32} or one.2 < {end:Int64}), of_robots) as robots,
    -- For each touchpoint, the place of the latest one before it that the step may come after; 0 for none.
    arrayPopBack(arrayPushFront(arrayFill(
        place -> place != 0,
        arrayMap(
            (mask, place) -> if(bitAnd(mask, {before:Array(UInt32)}[step]) != 0, place, 0),
            masks, arrayEnumerate(history)
        )
    ), 0)) as after,
    arrayMap(
        (is_matching, place, counts) -> is_matching and (place != 0 or {opens:Array(UInt8)}[step] and counts),
        matching, after, history.5
    ) as ordered,
    arrayMap(
        (is_ordered, t, piece, place, counts) -> is_ordered and (
            {opens:Array(UInt8)}[step] and counts
            or (
                place != 0 and piece = pieces[place]
                and ({within:Array(Int64)}[step] = 0 or t - history.1[place] <= {within:Array(Int64)}[step])
            )
        ),
        ordered, history.1, pieces, after, history.5
    ) as timely
from histories
