-- Which runs did these customers make? The rule: one event moves an open run by at most one step.
-- Neighbouring touchpoints further apart than the idle timeout end a run, so histories are cut there first.
with
    touchpoints as (
        select
            customer,
            {{case_value}} as case_value,
            toUnixTimestamp64Milli(timestamp) as t,
            sequence,
            event_id,
            {{mask}} as mask,
            toUInt8({{failed}}) as failed,
            toUInt8(bitTest(mask, 0) and ({{population}})) as opens,
            channel, source, medium, campaign, device, country
        from {{resolved}}
        where project = {project:UInt32} and ({{relevant}}) and ({{whose}}) and not is_bot
    ),
    histories as (
        select
            customer,
            case_value,
            arraySort(groupArray((
                t, sequence, event_id, mask, failed, opens, (channel, source, medium, campaign, device, country)
            ))) as history,
            arrayMap(gap -> gap > {idle:Int64}, arrayDifference(history.1)) as cuts
        from touchpoints
        where mask != 0 or failed
        group by customer, case_value
        having max(opens)
    ),
    splits as (
        select customer, case_value, arraySplit((touchpoint, cut) -> cut, history, cuts) as split
        from histories
    ),
    pieces as (
        select
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
                            move < {goal:UInt8}, move,
                            0
                        )),
                        if(move = {starts:UInt8} or move = {restarts:UInt8}, t, run.2),
                        if(move = {stays:UInt8} or move = {cuts_short:UInt8}, run.3, t),
                        arrayPushBack(run.4, move)
                    ),
                    [toUInt8(multiIf(
                        run.1 = 0, if(opens, {starts:UInt8}, 0),
                        {window:Int64} > 0 and t - run.2 > {window:Int64}, if(opens, {restarts:UInt8}, {expires:UInt8}),
                        failed, {fails:UInt8},
                        arrayMap(
                            reachable -> if(
                                reachable = 0,
                                if(bitTest(mask, {goal:UInt8} - 1), {cuts_short:UInt8}, {stays:UInt8}),
                                bitCount(bitXor(reachable, toUInt32(reachable - 1)))
                            ),
                            [bitAnd(
                                bitAnd(mask, {allowed:Array(UInt32)}[run.1 + 1]),
                                bitNot(toUInt32(arraySum(
                                    (bit, within) -> if(t - run.3 > within, bit, 0),
                                    {within_bits:Array(UInt32)}, {within_ms:Array(Int64)}
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
            customer,
            case_value,
            arrayJoin(arrayEnumerate(parts)) as number,
            arrayFilter(touchpoint -> touchpoint.1 != 0, parts[number]) as attempt,
            is_last and number = length(parts) as is_open
        from parted
    ),
    ended as (
        select
            customer,
            case_value,
            attempt,
            attempt.1 as moves,
            moves[-1] as final,
            if(final = {expires:UInt8}, attempt.2[-2], attempt.2[-1]) as last,
            multiIf(
                final = {goal:UInt8}, 'succeeded',
                final = {fails:UInt8}, 'failed',
                final != {expires:UInt8} and is_open, 'open',
                'dropped'
            ) as outcome,
            has(moves, {cuts_short:UInt8}) as shortcut,
            arrayMap(move -> move <= {goal:UInt8} or move in ({starts:UInt8}, {restarts:UInt8}), moves) as moved,
            arrayFilter((at, has_moved) -> has_moved, attempt.2, moved) as times,
            arrayFilter((id, has_moved) -> has_moved, attempt.3, moved) as event_ids,
            arrayPushFront(arrayFilter(move -> move <= {goal:UInt8}, moves), 1) as steps,
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
        group by customer
    )
select
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
