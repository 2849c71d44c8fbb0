-- How many runs of two periods came to each step, or past it, within so long after their start, and how long did half of
-- those take? Those that are not that old yet are counted apart, at the first step, to which all come. A run comes past
-- the steps between the one that it took and the one `before` that at once.
select
    is_new,
    k,
    sumIf(runs, is_young) as young,
    sumIf(runs, not is_young) as came,
    quantileExactInclusiveMergeIf(0.5)(waits, not is_young) as median
from (
    select
        is_new, is_young, before, step,
        count() as runs,
        quantileExactInclusiveState(0.5)(waited / 1000) as waits
    from (
        select is_new, is_young, before, step, toUnixTimestamp64Milli(at) - start as waited
        from (
            select
                start,
                start >= {new_start:Int64} and start < {new_end:Int64} as is_new,
                {{is_young}} as is_young,
                if(is_young, 1, {{taken}}) as taken,
                arraySlice(steps, 1, taken) as walked,
                arraySlice(times, 1, taken) as moments
            from ({{runs}})
            where ({{which}}) and (is_new or start >= {old_start:Int64} and start < {old_end:Int64})
        )
        array join walked as step, moments as at, arrayPushFront(arrayPopBack(walked), 0) as before
    )
    group by is_new, is_young, before, step
)
array join arrayMap(one -> toUInt8(one), range(before + 1, step + 1)) as k
group by is_new, k
order by is_new, k
