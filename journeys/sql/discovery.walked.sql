-- Which touchpoints did each attempt pass on its way from the start to the goal, or until its time was up or is now?
-- They are told by hashes of kind and label, in the order of the rule, equal neighbours as one.
with
    attempts as (
        select
            customer,
            number,
            outcome,
            start as begins,
            if(outcome = 'succeeded', last, least(start + {within:Int64}, {now:Int64})) as ends,
            event_ids[1] as first_id,
            event_ids[-1] as last_id
        from ({{runs}})
    ),
    touchpoints as (
        select
            customer,
            toUnixTimestamp64Milli(timestamp) as at,
            sequence,
            event_id,
            cityHash64(type, if(type = 'page', {{route}}, toString(event))) as label
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in ('track', 'page', 'screen')
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and timestamp <= fromUnixTimestamp64Milli({end:Int64} + {within:Int64})
    ),
    histories as (
        select
            customer,
            number,
            outcome,
            begins,
            ends,
            first_id,
            last_id,
            arraySort(groupArray((at, sequence, event_id, label))) as history
        from touchpoints
        inner join attempts using (customer)
        where at >= begins and at <= ends
        group by customer, number, outcome, begins, ends, first_id, last_id
    )
select
    customer,
    number,
    outcome,
    (ends - begins) / 1000 as seconds,
    arrayFirstIndex(one -> one.3 = first_id, history) as place,
    if(outcome = 'succeeded', arrayFirstIndex(one -> one.3 = last_id, history), length(history) + 1) as stop,
    arraySlice(history.4, place, stop - place) as labels,
    arrayPopFront(arrayFilter(
        (label, before) -> label != before, labels, arrayPushFront(arrayPopBack(labels), 0)
    )) as passed
from histories
