-- What did those who left do next, and which pages, errors and troubles did they and those who went on have before? The
-- most frequent words stand alone, all others together. Words are hashes; of equally frequent ones the lesser counts more.
with
    told as (
        select
            is_left, until, seen_until,
            arrayJoin(arrayConcat(
                [('all', 'value', toUInt64(0), nan)],
                if(is_left, [('next', next_kind, next, seconds)], []),
                [
                    ('page', if(has_page, 'value', 'none'), page, nan),
                    ('error', if(has_error, 'value', 'none'), error, nan),
                    ('slow', if(has_slow, 'value', 'none'), slow, took)
                ],
                arrayMap(trouble -> ('trouble', 'value', toUInt64(trouble), nan), troubles)
            )) as one
        from ({{around}})
    ),
    worded as (
        select
            one.1 as part,
            one.2 as sort,
            one.3 as word,
            countIf(is_left) as here,
            countIf(not is_left) as on,
            countIf(is_left and until + {within:Int64} > seen_until) as early,
            sumForEach(arrayMap(limit -> one.4 <= limit, {limits:Array(Float64)})) as quick,
            quantileExactInclusiveStateIf(0.5)(one.4, isFinite(one.4)) as times
        from told
        group by part, sort, word
    ),
    placed as (
        select *, row_number() over (partition by part, sort order by here desc, on desc, word) as place
        from worded
    )
select
    part,
    if(sort = 'value' and place > {most:UInt32} and part != 'trouble', 'other', sort) as kind,
    if(kind = 'value', placed.word, 0) as word,
    lower(hex(word)) as hash,
    count() as different,
    sum(placed.here) as left_here,
    sum(placed.on) as went_on,
    sum(placed.early) as may_still,
    sumForEach(placed.quick) as by_then,
    quantileExactInclusiveMerge(0.5)(times) as median
from placed
group by part, kind, word
