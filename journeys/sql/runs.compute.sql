-- Which runs did these customers make of these journeys? The rule: one event moves an open run by at most one step.
-- Neighbouring touchpoints further apart than the idle timeout end a run, so histories are cut there first.
with
    spoken as (
        -- What an event is to each journey that it speaks of: a bit for each matcher that it may match, and the place of
        -- the condition that it has to meet for that.
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as t,
            sequence,
            event_id,
            (channel, source, medium, campaign, device, country) as attributes,
            arrayMap(met -> toUInt8(met), [{{conditions}}]) as met,
            [{{cases}}] as cases,
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
        select
            spoken.1 as journey,
            customer,
            cases[{case_places:Array(UInt16)}[journey]] as case_value,
            t,
            sequence,
            event_id,
            arrayReduce('groupBitOr', arrayMap((bit, place) -> bit * met[place], spoken.2, spoken.3)) as matched,
            toUInt32(bitAnd(matched, {fails_bit:UInt32} - 1)) as mask,
            toUInt8(matched >= {fails_bit:UInt32}) as failed,
            toUInt8(bitTest(mask, 0) and met[{population:Array(UInt16)}[journey]]) as opens,
            attributes
        from spoken
    ),
    histories as (
        select
            journey,
            customer,
            case_value,
            arraySort(groupArray((t, sequence, event_id, mask, failed, opens, attributes))) as history,
            arrayMap(gap -> gap > {idles:Array(Int64)}[journey], arrayDifference(history.1)) as cuts
        from touchpoints
        where matched != 0 and ({{concerned}})
        group by journey, customer, case_value
        having max(opens)
    ),
    splits as (
        select journey, customer, case_value, arraySplit((touchpoint, cut) -> cut, history, cuts) as split
        from histories
    ),
    pieces as (
        select
            journey,
            customer,
            case_value,
            arrayJoin(arrayEnumerate(split)) as number,
            split[number] as piece,
            number = length(split) as is_last
        from splits
    ),
    folded as (
        -- The state is small, because it is copied at every touchpoint: position, start, time of position, moves.
        select
            journey,
            customer,
            case_value,
            piece,
            is_last,
            arrayFold(
                (run, t, mask, failed, opens) -> arrayMap(
                    move -> (
                        toUInt8(multiIf(
                            move = {starts:UInt8} or move = {restarts:UInt8}, 1,
                            move = {stays:UInt8} or move = {cuts_short:UInt8}, run.1,
                            move < {goals:Array(UInt8)}[journey], move,
                            0
                        )),
                        if(move = {starts:UInt8} or move = {restarts:UInt8}, t, run.2),
                        if(move = {stays:UInt8} or move = {cuts_short:UInt8}, run.3, t),
                        arrayPushBack(run.4, move)
                    ),
                    [toUInt8(multiIf(
                        run.1 = 0, if(opens, {starts:UInt8}, 0),
                        t - run.2 > {windows:Array(Int64)}[journey], if(opens, {restarts:UInt8}, {expires:UInt8}),
                        failed, {fails:UInt8},
                        arrayMap(
                            reachable -> if(
                                reachable = 0,
                                if(bitTest(mask, {goals:Array(UInt8)}[journey] - 1), {cuts_short:UInt8}, {stays:UInt8}),
                                bitCount(bitXor(reachable, toUInt32(reachable - 1)))
                            ),
                            [bitAnd(
                                bitAnd(mask, {allowed:Array(Array(UInt32))}[journey][run.1 + 1]),
                                bitNot(toUInt32(arraySum(
                                    (bit, within) -> if(t - run.3 > within, bit, 0),
                                    {within_bits:Array(Array(UInt32))}[journey], {within_ms:Array(Array(Int64))}[journey]
                                )))
                            )]
                        )[1]
                    ))]
                )[1],
                piece.1, piece.4, piece.5, piece.6,
                cast((0, 0, 0, []), 'Tuple(UInt8, Int64, Int64, Array(UInt8))')
            ).4 as moves
        from pieces
    ),
    parted as (
        select
            journey,
            customer,
            case_value,
            is_last,
            arrayFilter(
                attempt -> attempt[1].1 in ({starts:UInt8}, {restarts:UInt8}),
                arraySplit(
                    (touchpoint, move) -> move in ({starts:UInt8}, {restarts:UInt8}),
                    arrayZip(moves, piece.1, piece.3, piece.4, piece.7), moves
                )
            ) as parts
        from folded
    ),
    attempts as (
        select
            journey,
            customer,
            case_value,
            arrayJoin(arrayEnumerate(parts)) as number,
            arrayFilter(touchpoint -> touchpoint.1 != 0, parts[number]) as attempt,
            is_last and number = length(parts) as is_open
        from parted
    ),
    ended as (
        select
            journey,
            customer,
            case_value,
            attempt,
            attempt.1 as moves,
            moves[-1] as final,
            if(final = {expires:UInt8}, attempt.2[-2], attempt.2[-1]) as last,
            multiIf(
                final = {goals:Array(UInt8)}[journey], 'succeeded',
                final = {fails:UInt8}, 'failed',
                final != {expires:UInt8} and is_open, 'open',
                'dropped'
            ) as outcome,
            has(moves, {cuts_short:UInt8}) as shortcut,
            arrayMap(move -> move <= {goals:Array(UInt8)}[journey] or move in ({starts:UInt8}, {restarts:UInt8}), moves) as moved,
            arrayFilter((at, has_moved) -> has_moved, attempt.2, moved) as times,
            arrayFilter((id, has_moved) -> has_moved, attempt.3, moved) as event_ids,
            arrayPushFront(arrayFilter(move -> move <= {goals:Array(UInt8)}[journey], moves), 1) as steps,
            arrayMap(
                (at, mask) -> (at, toUInt8(if(
                    bitShiftRight(mask, at) = 0,
                    bitPositionsToArray(mask)[-1] + 1,
                    at + bitCount(bitXor(bitShiftRight(mask, at), toUInt32(bitShiftRight(mask, at) - 1)))
                ))),
                arrayFilter(
                    (at, move) -> move in ({stays:UInt8}, {cuts_short:UInt8}),
                    arrayMap(number -> steps[number], arrayCumSum(moved)), moves
                ),
                arrayFilter((mask, move) -> move in ({stays:UInt8}, {cuts_short:UInt8}), attempt.4, moves)
            ) as strays
        from attempts
    ),
    runs as (
        select
            journey,
            customer,
            groupArray((
                case_value,
                fromUnixTimestamp64Milli(times[1], 'UTC'),
                fromUnixTimestamp64Milli(last, 'UTC'),
                outcome,
                steps[-1],
                length(strays),
                shortcut > 0,
                steps,
                arrayMap(ms -> fromUnixTimestamp64Milli(ms, 'UTC'), times),
                event_ids,
                strays,
                attempt[1].5.1, attempt[1].5.2, attempt[1].5.3, attempt[1].5.4, attempt[1].5.5, attempt[1].5.6
            )) as runs
        from ended
        group by journey, customer
    )
select
    journey,
    customer,
    cast(
        arraySort(run -> (run.2, run.1), runs),
        'Array(Tuple(
            case_value String, start DateTime64(3, \'UTC\'), last DateTime64(3, \'UTC\'), outcome String,
            furthest UInt8, repeats UInt32, shortcut Bool, steps Array(UInt8), times Array(DateTime64(3, \'UTC\')),
            event_ids Array(FixedString(16)), strays Array(Tuple(at UInt8, step UInt8)),
            channel String, source String, medium String, campaign String, device String, country String
        ))'
    ) as runs
from runs
