-- What does each touchpoint of a piece do to the run? Pieces are folded from end to end: planned in the least time.
folded as (
    select
        * except (marks, opens),
        {{fold}} as fold,
        arrayPopFront(arrayPushBack(fold.5, toUInt8(fold.1))) as moves
    from marked
)
