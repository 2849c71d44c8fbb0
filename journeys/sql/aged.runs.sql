-- How did each of these runs stand when it was so old? Those that are not that old yet are left out. A touchpoint that moved
-- nothing has no moment of its own: it surely came by then where the run had gone on from there by then, or where the
-- last one had come. In strict order one that broke the run off came after the last one, within the idle timeout.
select
    whole.customer as customer,
    whole.number as number,
    whole.of_several as of_several,
    whole.previous as previous,
    whole.case_value as case_value,
    whole.start as start,
    if(is_at_rest, whole.last, toUnixTimestamp64Milli(whole.times[taken])) as last,
    if(is_at_rest, {{outcome_number}}, 4) as outcome_number,
    ['succeeded', 'failed', 'dropped', 'in_time'][outcome_number] as outcome,
    whole.steps[taken] as furthest,
    toUInt32(length(moved_nothing)) as repeats,
    whole.shortcut and (are_all or has(moved_nothing.2, {aged_goal:UInt8})) as shortcut,
    arraySlice(whole.walked, 1, taken) as walked,
    arraySlice(whole.steps, 1, taken) as steps,
    arraySlice(whole.times, 1, taken) as times,
    arraySlice(whole.event_ids, 1, taken) as event_ids,
    moved_nothing as strays,
    whole.channel as channel,
    whole.source as source,
    whole.medium as medium,
    whole.campaign as campaign,
    whole.device as device,
    whole.country as country,
    whole.account as account,
    then as seen_until
from (
    select
        *,
        start + {aged_ms:Int64} as then,
        last <= then as is_at_rest,
        is_at_rest and (not {aged_breaks:UInt8} or then - last > {idle:Int64}) as are_all,
        {{taken}} as taken,
        arrayFilter(one -> are_all or indexOf(walked, one.1) < taken, strays) as moved_nothing
    from ({{runs}})
    where not ({{is_young}})
) as whole
