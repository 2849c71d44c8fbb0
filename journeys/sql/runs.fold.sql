-- What does each of these touchpoints do to the run, one after the other, and how does the run stand at the end?
-- It is told by one number: in its last byte the step that was reached, or another move; above it the bits of the steps that
-- the run may reach next, none where no run is open. The state is small, because it is copied at every touchpoint: the last
-- such number, the start of the run, the time of its position, the time of the last touchpoint, and the moves before it.
arrayFold(
    (run, t, marks, opens) -> (
        multiIf(
            run.1 < 256, opens,
            t - if(toUInt8(run.1) >= {starts:UInt8}, run.4, run.2) > {windows:Array(Int64)}[journey],
            if(opens != 0, opens, {expires:UInt8}),
            bitAnd(marks, {fails_bit:UInt32}) != 0, {fails:UInt8},
            (bitAnd(bitAnd(marks, bitShiftRight(run.1, 8)), bitNot(arraySum(
                (bit, within) -> if(t - if(toUInt8(run.1) = {stays:UInt8}, run.3, run.4) > within, bit, 0),
                {within_bits:Array(Array(UInt32))}[journey], {within_ms:Array(Array(Int64))}[journey]
            ))) as reachable) != 0,
            {moves:Array(Array(UInt64))}[journey][bitCount(bitXor(reachable, toUInt64(reachable - 1)))]
                + bitAnd(run.1, {keeps:Array(UInt64)}[journey]),
            not {is_strict:Array(UInt8)}[journey], bitOr(bitAnd(run.1, {all_steps:UInt64}), {stays:UInt8}),
            opens != 0, opens + 1,
            {breaks:UInt8}
        ),
        if(toUInt8(run.1) >= {starts:UInt8}, run.4, run.2),
        if(toUInt8(run.1) = {stays:UInt8}, run.3, run.4),
        t,
        arrayPushBack(run.5, toUInt8(run.1))
    ),
    {{times}}, {{marks}}, {{opens}},
    cast((0, 0, 0, 0, []), 'Tuple(UInt64, Int64, Int64, Int64, Array(UInt8))')
)
