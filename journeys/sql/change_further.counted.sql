-- How far did the runs of two periods come within so long after their start, by one thing more that is told of them? Runs
-- that are not that old are left out. The most frequent values stand alone, all others together.
with
    aged as (
        select
            start >= {new_start:Int64} and start < {new_end:Int64} as is_new,
            found.value as value,
            {{reached}} as reached,
            arrayMap(k -> toUInt64(reached >= k), {required:Array(UInt8)}) as progress
        from ({{runs}}) as taken
        left any join (
            select customer, number, substringUTF8({{value}}, 1, 200) as value
            from ({{described}})
        ) as found on found.customer = taken.customer and found.number = taken.number
        where
            ({{which}})
            and (is_new or start >= {old_start:Int64} and start < {old_end:Int64})
            and not ({{is_young}})
    ),
    valued as (
        select
            value,
            count() as n,
            sumForEachIf(progress, is_new) as new_progress,
            sumForEachIf(progress, not is_new) as old_progress
        from aged
        group by value
    ),
    placed as (
        select *, row_number() over (partition by value = '' order by n desc, value) as place
        from valued
    )
select
    multiIf(value = '', 'none', place > {most:UInt32}, 'other', 'value') as kind,
    if(kind = 'value', value, '') as name,
    lower(hex(cityHash64(name))) as hash,
    count() as different,
    sumForEach(placed.new_progress) as now_came,
    sumForEach(placed.old_progress) as before_came
from placed
group by kind, name
order by indexOf(['value', 'other', 'none'], kind), sum(placed.n) desc, name
