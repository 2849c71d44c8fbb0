-- What does each touchpoint of a piece do to the run, where some pieces are very long? The fold takes touchpoints one by one,
-- but pieces side by side. So long ones are folded in stretches, each of which begins as if no run were open, some way before
-- the end of the one before. Where both see the same touchpoint begin a run, they go on alike from there. A piece of which
-- two stretches never do is folded from end to end.
walked_apart as (
    select
        *,
        arrayMap(
            begin -> {{of_stretch}},
            range(1, greatest(2, length(times) - {overlap:UInt32} + 1), {stretch:UInt32})
        ) as folds
    from marked
),
told_apart as (
    select
        * except folds,
        arrayMap(fold -> arrayPopFront(arrayPushBack(fold.5, toUInt8(fold.1))), folds) as told
    from walked_apart
),
joined as (
    select
        *,
        arrayAll(
            (one, next) -> arrayExists(
                (move, again) -> move >= {starts:UInt8} and again >= {starts:UInt8},
                arraySlice(one, {stretch:UInt32} + 1), arraySlice(next, 1, {overlap:UInt32})
            ),
            arrayPopBack(told), arrayPopFront(told)
        ) as is_joined
    from told_apart
),
walked_whole as (
    select *, {{of_whole}} as fold
    from joined
),
folded as (
    select
        * except (marks, opens, told, is_joined, fold),
        if(
            is_joined,
            arrayFlatten(arrayMap(
                (moves, n) -> if(n = 1, moves, arraySlice(moves, {overlap:UInt32} + 1)), told, arrayEnumerate(told)
            )),
            arrayPopFront(arrayPushBack(fold.5, toUInt8(fold.1)))
        ) as moves
    from walked_whole
)
