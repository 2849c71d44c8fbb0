-- Which touchpoints follow (or precede) the anchor step inside these runs, and how do they end?
with
    runs as (
        select customer, case_value, start, last, outcome, times[indexOf(steps, {anchor:UInt8})] as anchored
        from ({{runs}})
        where {{which}} and has(steps, {anchor:UInt8})
    ),
    touchpoints as (
        select
            customer,
            timestamp,
            sequence,
            event_id,
            multiIf(type = 'page', path, event != '', event, type) as label
        from customer_events
        where
            project = {project:UInt32}
            and type in ('track', 'page', 'screen')
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and customer in (select customer from runs)
    ),
    ways as (
        select
            runs.outcome as outcome,
            arrayMap(
                touchpoint -> touchpoint.4,
                if({backwards:UInt8}, arrayReverse(history), history)
            ) as all_labels,
            arraySlice(if({collapse:UInt8}, arrayCompact(all_labels), all_labels), 1, {depth:UInt8} + 2) as labels
        from (
            select
                runs.customer, runs.case_value, runs.start, runs.outcome,
                arraySort(groupArray((
                    touchpoints.timestamp, touchpoints.sequence, touchpoints.event_id, touchpoints.label
                ))) as history
            from runs
            inner join touchpoints on touchpoints.customer = runs.customer
            where
                if({backwards:UInt8}, touchpoints.timestamp <= anchored, touchpoints.timestamp >= anchored)
                and touchpoints.timestamp >= fromUnixTimestamp64Milli(runs.start)
                and touchpoints.timestamp <= fromUnixTimestamp64Milli(runs.last)
            group by runs.customer, runs.case_value, runs.start, runs.outcome
        ) as runs
    )
select
    arraySlice(labels, 2, {depth:UInt8}) as labels_shown,
    if(length(labels) > {depth:UInt8} + 1, '', if({backwards:UInt8}, 'start', toString(outcome))) as end,
    count() as n
from ways
group by labels_shown, end
