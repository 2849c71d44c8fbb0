-- Which runs did these customers make of these journeys? The rule: one event moves an open run by at most one step.
-- Neighbouring touchpoints further apart than the idle timeout end a run, so histories are cut there first; and once more
-- wherever so many come without such a pause that the fold, which takes them one by one, would take too long.
with
    spoken as (
        -- What an event is to each journey that it speaks of: a bit for each matcher that it may match, and the place of
        -- the condition that it has to meet for that. Its `key` is the order of the rule in one number: time, sequence
        -- and event id. Numbers are gathered and sorted several times as fast as tuples.
        select
            customer,
            bitShiftLeft(toUInt256(toUnixTimestamp64Milli(timestamp) + {era:Int64}), 192)
                + bitShiftLeft(toUInt256(sequence), 128)
                + reinterpretAsUInt128(reverse(event_id)) as key,
            (channel, source, medium, campaign, device, country) as attributes,
            arrayMap(met -> toUInt8(met), [{{conditions}}]) as met,
            {{cases}} as cases,
            arrayJoin({spoken:Array(Array(Tuple(UInt16, Array(UInt32), Array(UInt16))))}[
                transform(
                    if(type = 'track', concat('track ', event), type),
                    {labels:Array(String)}, arrayEnumerate({labels:Array(String)}),
                    if(type = 'track', {any_track:UInt32}, 0)
                )
            ]) as spoken
        from {{resolved}}
        where project = {project:UInt32} and ({{relevant}}) and ({{whose}}) and not is_bot
    ),
    touchpoints as (
        -- `marks` are the bits of the steps that it matches, above them one for an event that fails, and one for an event
        -- that may open a run. Only of these it is told from where the customer came, as one text, which is read again
        -- of those that do open one.
        select
            spoken.1 as journey,
            customer,
            {{case_value}} as case_value,
            key,
            arrayReduce('groupBitOr', arrayMap((bit, place) -> bit * met[place], spoken.2, spoken.3)) as matched,
            met[{population:Array(UInt16)}[journey]]
                and bitAnd(matched, {openers:Array(UInt32)}[journey]) != 0 as is_opening,
            toUInt32(matched + is_opening * {opens_bit:UInt32}) as marks,
            if(is_opening, toString(attributes), '') as origin
        from spoken
    ),
    histories as (
        select
            journey,
            customer,
            case_value,
            groupArray(key) as keys,
            arrayZip(
                arraySort(keys),
                arraySort((one, key) -> key, groupArray(marks), keys),
                arraySort((one, key) -> key, groupArray(origin), keys)
            ) as history,
            arrayMap(
                gap -> gap > {idles:Array(Int64)}[journey],
                arrayDifference(arrayMap(key -> toInt64(bitShiftRight(key, 192)), history.1))
            ) as pauses
        from touchpoints
        where matched != 0 and ({{concerned}})
        group by journey, customer, case_value
        having max(is_opening)
    ),
    splits as (
        select
            journey,
            customer,
            case_value,
            arraySplit(
                (touchpoint, is_pause, place, begun) -> is_pause or (place - begun) % {cut_after:UInt32} = 0,
                history, pauses, arrayEnumerate(pauses),
                arrayFill((place, is_pause) -> is_pause, arrayEnumerate(pauses), pauses)
            ) as split
        from histories
    ),
    pieces as (
        select
            journey,
            customer,
            case_value,
            arrayJoin(arrayEnumerate(split)) as number,
            split[number] as piece,
            multiIf(
                number = length(split), 'open', length(split[number]) = {cut_after:UInt32}, 'cut', 'dropped'
            ) as rest
        from splits
    ),
    marked as (
        -- The touchpoints of a piece: when they come, what they are, and what they open where they may open a run.
        select
            journey,
            customer,
            case_value,
            piece,
            rest,
            arrayMap(key -> toInt64(bitShiftRight(key, 192)) - {era:Int64}, piece.1) as times,
            piece.2 as marks,
            arrayMap(
                opening -> {opens:Array(Array(UInt64))}[journey][bitCount(bitXor(opening, toUInt32(opening - 1)))],
                arrayMap(
                    marks -> if(marks >= {opens_bit:UInt32}, bitAnd(marks, {openers:Array(UInt32)}[journey]), 0),
                    piece.2
                )
            ) as opens
        from pieces
    ),
    {{folded}},
    parted as (
        select
            journey,
            customer,
            case_value,
            rest,
            arrayFilter(
                attempt -> attempt[1].1 >= {starts:UInt8},
                arraySplit(
                    (touchpoint, move) -> move >= {starts:UInt8},
                    arrayZip(
                        moves, times, piece.1, arrayMap(marks -> bitAnd(marks, {fails_bit:UInt32} - 1), piece.2)
                    ),
                    moves
                )
            ) as parts,
            arrayFilter((origin, move) -> move >= {starts:UInt8}, piece.3, moves) as origins
        from folded
    ),
    attempts as (
        -- What broke a run by opening another one belongs to both.
        select
            journey,
            customer,
            case_value,
            arrayJoin(arrayEnumerate(parts)) as number,
            arrayConcat(
                arrayFilter(touchpoint -> touchpoint.1 != 0, parts[number]),
                arrayMap(
                    touchpoint -> ({breaks:UInt8}, touchpoint.2, touchpoint.3, touchpoint.4),
                    arrayFilter(touchpoint -> touchpoint.1 > {starts:UInt8}, arraySlice(parts[number + 1], 1, 1))
                )
            ) as attempt,
            origins[number] as origin,
            if(number = length(parts), rest, 'dropped') as rest_of_it
        from parted
    ),
    walked as (
        select
            journey,
            customer,
            case_value,
            attempt,
            cast(origin, 'Tuple(String, String, String, String, String, String)') as attributes,
            rest_of_it,
            {keeps:Array(UInt64)}[journey] != 0 as is_free,
            arrayMap(move -> move < {stays:UInt8} or move >= {starts:UInt8}, attempt.1) as moved,
            arrayPushFront(
                arrayFilter(move -> move < {stays:UInt8}, attempt.1),
                toUInt8(bitPositionsToArray(bitAnd(attempt.4[1], {openers:Array(UInt32)}[journey]))[1] + 1)
            ) as steps
        from attempts
    ),
    strayed as (
        select
            *,
            if(is_free, length(steps), steps[-1]) as furthest,
            arrayFilter(
                (touchpoint, move) -> move in ({stays:UInt8}, {breaks:UInt8}),
                arrayZip(arrayCumSum(moved), attempt.4), attempt.1
            ) as stayed,
            arrayMap(
                (step, taken) -> bitNot(toUInt32(if(is_free, taken, bitShiftLeft(toUInt32(1), step) - 1))),
                steps, arrayCumSum(step -> bitShiftLeft(toUInt32(1), step - 1), steps)
            ) as ahead
        from walked
    ),
    ended as (
        select
            journey,
            customer,
            case_value,
            arrayFilter((at, has_moved) -> has_moved, attempt.2, moved) as times,
            arrayMap(
                key -> reverse(reinterpretAsFixedString(toUInt128(key))),
                arrayFilter((key, has_moved) -> has_moved, attempt.3, moved)
            ) as event_ids,
            attributes,
            steps,
            furthest,
            attempt.2[if(attempt.1[-1] in ({expires:UInt8}, {breaks:UInt8}), -2, -1)] as last,
            multiIf(
                furthest = {goals:Array(UInt8)}[journey], 'succeeded',
                attempt.1[-1] = {fails:UInt8}, 'failed',
                attempt.1[-1] in ({expires:UInt8}, {breaks:UInt8}), 'dropped',
                rest_of_it
            ) as outcome,
            arrayMap(
                (number, mask) -> (
                    steps[number],
                    toUInt8(if(
                        bitAnd(mask, ahead[number]) = 0,
                        bitPositionsToArray(mask)[-1],
                        bitPositionsToArray(bitAnd(mask, ahead[number]))[1]
                    ) + 1)
                ),
                stayed.1, stayed.2
            ) as strays,
            not is_free and arrayExists(mask -> bitTest(mask, {goals:Array(UInt8)}[journey] - 1), stayed.2) as shortcut
        from strayed
    ),
    runs as (
        select
            journey,
            customer,
            [(
                case_value,
                fromUnixTimestamp64Milli(times[1], 'UTC'),
                fromUnixTimestamp64Milli(last, 'UTC'),
                if(outcome = 'cut', 'dropped', outcome),
                furthest,
                length(strays),
                shortcut > 0,
                steps,
                arrayMap(ms -> fromUnixTimestamp64Milli(ms, 'UTC'), times),
                event_ids,
                strays,
                attributes.1, attributes.2, attributes.3, attributes.4, attributes.5, attributes.6
            )] as run,
            outcome = 'cut' as is_cut
        from ended
        {{emptied}}
    )
select
    journey,
    customer,
    cast(
        arraySort(run -> (run.2, run.1), groupArrayArray(run)),
        'Array(Tuple(
            case_value String, start DateTime64(3, \'UTC\'), last DateTime64(3, \'UTC\'), outcome String,
            furthest UInt8, repeats UInt32, shortcut Bool, steps Array(UInt8), times Array(DateTime64(3, \'UTC\')),
            event_ids Array(FixedString(16)), strays Array(Tuple(at UInt8, step UInt8)),
            channel String, source String, medium String, campaign String, device String, country String
        ))'
    ) as runs,
    sum(is_cut) as cut
from runs
group by journey, customer
