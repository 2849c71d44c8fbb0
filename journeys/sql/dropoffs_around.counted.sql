-- What did those who left do next, and which pages, errors and troubles did they and those who went on have before? The
-- most frequent labels stand alone, all others together.
with
    told as (
        select
            is_left, until, seen_until,
            arrayJoin(arrayConcat(
                [('all', 'value', '', nan)],
                if(is_left, [('next', next_kind, next, seconds)], []),
                [
                    ('page', if(has_page, 'value', 'none'), page, nan),
                    ('error', if(has_error, 'value', 'none'), error, nan),
                    ('slow', if(has_slow, 'value', 'none'), slow, took)
                ],
                arrayMap(trouble -> ('trouble', 'value', toString(trouble), nan), troubles)
            )) as one
        from ({{around}})
    ),
    labelled as (
        select
            one.1 as part,
            one.2 as sort,
            one.3 as label,
            countIf(is_left) as here,
            countIf(not is_left) as on,
            countIf(is_left and until + {within:Int64} > seen_until) as early,
            sumForEach(arrayMap(limit -> one.4 <= limit, {limits:Array(Float64)})) as quick,
            quantileExactInclusiveStateIf(0.5)(one.4, isFinite(one.4)) as times
        from told
        group by part, sort, label
    ),
    placed as (
        select *, row_number() over (partition by part, sort order by here desc, on desc, label) as place
        from labelled
    )
select
    part,
    if(sort = 'value' and place > {most:UInt32} and part != 'trouble', 'other', sort) as kind,
    if(kind = 'value', label, '') as name,
    lower(hex(cityHash64(name))) as hash,
    count() as different,
    sum(placed.here) as left_here,
    sum(placed.on) as went_on,
    sum(placed.early) as may_still,
    sumForEach(placed.quick) as by_then,
    quantileExactInclusiveMerge(0.5)(times) as median
from placed
group by part, kind, name
order by part, indexOf(['value', 'other', 'again', 'none'], kind), left_here desc, went_on desc, name
