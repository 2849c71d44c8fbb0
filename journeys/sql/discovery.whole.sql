-- What is the way of each attempt, of touchpoints only those that are kept, unless all are?
select
    *,
    if({is_all:UInt8}, passed, arrayFilter(label -> has({kept:Array(UInt64)}, label), passed)) as some,
    arrayFilter((label, before) -> label != before, some, arrayPopBack(arrayPushFront(some, 0))) as whole
from ({{walked}})
