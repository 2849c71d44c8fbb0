-- Which touchpoints follow (or precede) the anchor step inside these runs, and how do they end?
with
    runs as (
        select customer, number, account, start, last, outcome, times[indexOf(steps, {anchor_position:UInt8})] as anchored
        from ({{runs}})
        where {{which}} and has(steps, {anchor_position:UInt8})
    ),
    touchpoints as (
        select
            customer,
            timestamp,
            sequence,
            event_id,
            multiIf(type = 'page', path, event != '', event, type) as label,
            type in ('track', 'page', 'screen') as is_shown,
            toUInt8({{anchor}}) as is_anchor
        from {{resolved}}
        where
            project = {project:UInt32}
            and (is_shown or is_anchor)
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and customer in (select customer from runs)
    ),
    histories as (
        select
            runs.outcome as outcome,
            runs.anchored as anchored,
            arraySort(groupArray((
                touchpoints.timestamp, touchpoints.sequence, touchpoints.event_id,
                touchpoints.label, touchpoints.is_shown, touchpoints.is_anchor
            ))) as history
        from runs
        left join touchpoints on touchpoints.customer = runs.customer
        where
            touchpoints.timestamp >= fromUnixTimestamp64Milli(runs.start)
            and touchpoints.timestamp <= fromUnixTimestamp64Milli(runs.last)
        group by runs.customer, runs.number, runs.account, runs.outcome, runs.anchored
    ),
    ways as (
        select
            outcome,
            arrayFirstIndex(touchpoint -> touchpoint.1 = anchored and touchpoint.6, history) as place,
            if(
                {backwards:UInt8},
                arrayReverse(arraySlice(history, 1, place - 1)),
                arraySlice(history, place + 1)
            ) as others,
            arrayMap(touchpoint -> touchpoint.4, arrayFilter(touchpoint -> touchpoint.5, others)) as shown,
            if(
                {collapse:UInt8},
                arraySlice(arrayCompact(arrayPushFront(shown, history[place].4)), 2),
                shown
            ) as labels
        from histories
    )
select
    arraySlice(labels, 1, {depth:UInt8}) as labels_shown,
    if(length(labels) > {depth:UInt8}, '', if({backwards:UInt8}, 'start', toString(outcome))) as end,
    count() as n
from ways
group by labels_shown, end
