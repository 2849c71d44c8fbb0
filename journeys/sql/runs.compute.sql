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
            channel, source, campaign, device, country
        from customer_events
        where project = {project:UInt32} and ({{relevant}}) and ({{whose}}) and not is_bot
    ),
    histories as (
        select
            customer,
            case_value,
            arraySort(groupArray((
                t, sequence, event_id, mask, failed, opens, (channel, source, campaign, device, country)
            ))) as history,
            arrayMap(gap -> gap > {idle:Int64}, arrayDifference(history.1)) as cuts
        from touchpoints
        where mask != 0 or failed
        group by customer, case_value
        having max(opens)
    ),
    pieces as (
        select
            customer,
            case_value,
            arraySplit((touchpoint, cut) -> cut, history, cuts) as split,
            arrayJoin(arrayEnumerate(split)) as number,
            split[number] as piece,
            number = length(split) as is_last
        from histories
    ),
    folded as (
        select
            customer,
            case_value,
            piece,
            is_last,
            arrayFold(
                (run, i, t, mask, failed, opens) -> arrayMap(
                    move -> (
                        toUInt8(multiIf(
                            move = {starts:UInt8} or move = {restarts:UInt8}, 1,
                            move = {stays:UInt8}, run.1,
                            move < {goal:UInt8}, move,
                            0
                        )),
                        if(move = {starts:UInt8} or move = {restarts:UInt8}, t, run.2),
                        t,
                        if(move = {stays:UInt8}, run.4, t),
                        multiIf(
                            move = {starts:UInt8} or move = {restarts:UInt8}, [toUInt8(1)],
                            move <= {goal:UInt8} and move > 0, arrayPushBack(run.5, move),
                            run.5
                        ),
                        multiIf(
                            move = {starts:UInt8} or move = {restarts:UInt8}, [t],
                            move <= {goal:UInt8} and move > 0, arrayPushBack(run.6, t),
                            run.6
                        ),
                        toUInt32(multiIf(
                            move = {starts:UInt8} or move = {restarts:UInt8}, 0,
                            move = {stays:UInt8}, run.7 + 1,
                            run.7
                        )),
                        toUInt8(multiIf(
                            move = {starts:UInt8} or move = {restarts:UInt8}, 0,
                            move = {stays:UInt8} and bitTest(mask, {goal:UInt8} - 1), 1,
                            run.8
                        )),
                        if(move = {starts:UInt8} or move = {restarts:UInt8}, i, run.9),
                        multiIf(
                            move = {goal:UInt8},
                            arrayPushBack(run.10, (
                                run.2, t, 'succeeded', move, run.7, run.8,
                                arrayPushBack(run.5, move), arrayPushBack(run.6, t), run.9
                            )),
                            move = {fails:UInt8},
                            arrayPushBack(run.10, (
                                run.2, t, 'failed', run.1, run.7, run.8, run.5, run.6, run.9
                            )),
                            move = {expires:UInt8} or move = {restarts:UInt8},
                            arrayPushBack(run.10, (
                                run.2, run.3, 'dropped', run.1, run.7, run.8, run.5, run.6, run.9
                            )),
                            run.10
                        )
                    ),
                    [toUInt8(multiIf(
                        run.1 = 0, if(opens, {starts:UInt8}, 0),
                        {window:Int64} > 0 and t - run.2 > {window:Int64}, if(opens, {restarts:UInt8}, {expires:UInt8}),
                        failed, {fails:UInt8},
                        arrayMap(
                            reachable -> if(
                                reachable = 0,
                                {stays:UInt8},
                                bitCount(bitXor(reachable, toUInt32(reachable - 1)))
                            ),
                            [bitAnd(
                                bitAnd(mask, {allowed:Array(UInt32)}[run.1 + 1]),
                                bitNot(toUInt32(arraySum(
                                    (bit, within) -> if(t - run.4 > within, bit, 0),
                                    {within_bits:Array(UInt32)}, {within_ms:Array(Int64)}
                                )))
                            )]
                        )[1]
                    ))]
                )[1],
                arrayEnumerate(piece), piece.1, piece.4, piece.5, piece.6,
                cast(
                    (0, 0, 0, 0, [], [], 0, 0, 0, []),
                    'Tuple(
                        UInt8, Int64, Int64, Int64, Array(UInt8), Array(Int64), UInt32, UInt8, UInt32,
                        Array(Tuple(Int64, Int64, String, UInt8, UInt32, UInt8, Array(UInt8), Array(Int64), UInt32))
                    )'
                )
            ) as state,
            arrayConcat(
                state.10,
                if(
                    state.1 > 0,
                    [(
                        state.2, state.3, if(is_last, 'open', 'dropped'), state.1, state.7, state.8,
                        state.5, state.6, state.9
                    )],
                    []
                )
            ) as finished
        from pieces
    ),
    runs as (
        select
            customer,
            groupArrayArray(arrayMap(
                (start, last, outcome, furthest, repeats, shortcut, steps, times, opener) -> (
                    case_value,
                    fromUnixTimestamp64Milli(start, 'UTC'),
                    fromUnixTimestamp64Milli(last, 'UTC'),
                    outcome,
                    furthest,
                    repeats,
                    shortcut > 0,
                    steps,
                    arrayMap(ms -> fromUnixTimestamp64Milli(ms, 'UTC'), times),
                    piece.7[opener].1, piece.7[opener].2, piece.7[opener].3, piece.7[opener].4, piece.7[opener].5
                ),
                finished.1, finished.2, finished.3, finished.4, finished.5, finished.6, finished.7, finished.8, finished.9
            )) as runs
        from folded
        group by customer
    )
select
    customer,
    cast(
        arraySort(run -> (run.2, run.1), runs),
        'Array(Tuple(
            case_value String, start DateTime64(3, \'UTC\'), last DateTime64(3, \'UTC\'), outcome String,
            furthest UInt8, repeats UInt32, shortcut Bool, steps Array(UInt8), times Array(DateTime64(3, \'UTC\')),
            channel String, source String, campaign String, device String, country String
        ))'
    ) as runs
from runs
