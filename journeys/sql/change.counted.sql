-- How far did the runs of two periods come within so long after their start, by what is known of it? Runs that are not
-- that old are counted apart. The most frequent values stand alone, all others together. Runs that are alike in all of
-- this are first counted as one, as there are few ways to be; to tell them apart by hashes is faster than by texts.
with
    aged as (
        select
            start >= {new_start:Int64} and start < {new_end:Int64} as is_new,
            {{is_young}} as is_young,
            {{reached}} as reached,
            channel, source, campaign, device, country
        from ({{runs}})
        where
            ({{which}})
            and (is_new or start >= {old_start:Int64} and start < {old_end:Int64})
    ),
    alike as (
        select
            is_new, is_young, reached,
            any(aged.channel) as channel,
            any(aged.source) as source,
            any(aged.campaign) as campaign,
            any(aged.device) as device,
            any(aged.country) as country,
            count() as runs
        from aged
        group by
            is_new, is_young, reached,
            cityHash64(
                cityHash64(aged.channel), cityHash64(aged.source), cityHash64(aged.campaign), cityHash64(aged.device),
                cityHash64(aged.country)
            )
    ),
    valued as (
        select
            fact.1 as dimension,
            fact.2 as value,
            sum(runs) as n,
            sumForEachIf(progress, is_new and not is_young) as new_progress,
            sumForEachIf(progress, not is_new and not is_young) as old_progress,
            sumIf(runs, is_new and is_young) as new_young,
            sumIf(runs, not is_new and is_young) as old_young
        from (
            select
                is_new, is_young, runs,
                arrayMap(k -> if(reached >= k, runs, 0), {required:Array(UInt8)}) as progress,
                [
                    ('', ''), ('channel', toString(channel)), ('source', toString(source)),
                    ('campaign', toString(campaign)), ('device', toString(device)), ('country', toString(country))
                ] as facts
            from alike
        )
        array join facts as fact
        group by dimension, value
    ),
    placed as (
        select
            *,
            row_number() over (partition by dimension, value = '' order by n desc, value) as place
        from valued
    )
select
    dimension,
    multiIf(dimension = '', 'all', value = '', 'none', place > {most:UInt32}, 'other', 'value') as kind,
    if(kind = 'value', value, '') as name,
    lower(hex(cityHash64(name))) as hash,
    count() as different,
    sumForEach(placed.new_progress) as now_came,
    sumForEach(placed.old_progress) as before_came,
    sum(placed.new_young) as now_young,
    sum(placed.old_young) as before_young
from placed
group by dimension, kind, name
order by
    indexOf(['', 'channel', 'source', 'campaign', 'device', 'country'], dimension),
    indexOf(['all', 'value', 'other', 'none'], kind), sum(placed.n) desc, name
