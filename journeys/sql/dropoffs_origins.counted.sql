-- Of the runs that reached this step, how many left there, by what is known of their start? The most frequent values
-- stand alone, all others together.
with
    told as (
        select
            origin.1 as dimension,
            origin.2 as value,
            furthest = {k:UInt8} and outcome in ('dropped', 'failed') as is_left,
            furthest = {k:UInt8} and outcome = 'in_time' as is_in_time
        from ({{runs}})
        array join [
            ('channel', toString(channel)), ('source', toString(source)), ('campaign', toString(campaign)),
            ('device', toString(device)), ('country', toString(country))
        ] as origin
        where ({{which}}) and furthest >= {k:UInt8}
    ),
    valued as (
        select
            dimension, value,
            count() as came,
            countIf(is_left) as gone,
            countIf(is_in_time) as open
        from told
        group by dimension, value
    ),
    placed as (
        select *, row_number() over (partition by dimension, value = '' order by came desc, value) as place
        from valued
    )
select
    dimension,
    multiIf(value = '', 'none', place > {most:UInt32}, 'other', 'value') as kind,
    if(kind = 'value', value, '') as name,
    lower(hex(cityHash64(name))) as hash,
    count() as different,
    sum(placed.came) as reached,
    sum(placed.gone) as left_here,
    sum(placed.open) as in_time
from placed
group by dimension, kind, name
order by dimension, indexOf(['value', 'other', 'none'], kind), reached desc, name
