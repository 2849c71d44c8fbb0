-- Which touchpoints did each attempt pass on its way from the start to the goal, or until its time was up or is now?
-- They are told by hashes of kind and label, in the order of the rule, equal neighbours as one. The attempts of a
-- customer come one after the other, so that each history falls into pieces where one begins.
with
    attempts as {{held}} (
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
            cityHash64(type, if(type = 'page', {{route}}, toString(event))) as label,
            event_id in (select first_id from attempts) as begins_one
        from {{resolved}}
        where
            project = {project:UInt32}
            and type in ('track', 'page', 'screen')
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and timestamp <= fromUnixTimestamp64Milli({end:Int64} + {within:Int64})
            and customer in (select customer from attempts)
    ),
    pieces as (
        select
            customer,
            arrayJoin(arraySplit(
                one -> one.5, arraySort(groupArray((at, sequence, event_id, label, begins_one)))
            )) as piece,
            piece[1].3 as first_id
        from touchpoints
        group by customer
    )
select
    customer,
    number,
    outcome,
    (ends - begins) / 1000 as seconds,
    arrayFilter(one -> one.1 <= ends, piece) as history,
    if(outcome = 'succeeded', indexOf(history.3, last_id), length(history) + 1) as stop,
    arraySlice(history.4, 1, stop - 1) as labels,
    arrayPopFront(arrayFilter(
        (label, before) -> label != before, labels, arrayPushFront(arrayPopBack(labels), 0)
    )) as passed
from pieces
inner join attempts using (customer, first_id)
