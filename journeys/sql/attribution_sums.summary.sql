-- Which contacts had these runs before their end? The credit of each label by every rule, the steps from label to
-- label, and the most frequent ways; runs under way are only counted. Every number is summed in one pass.
with
    histories as (
        select
            runs.outcome as outcome,
            runs.value as value,
            runs.is_valued as is_valued,
            arrayFilter(
                contact -> contact.1 <= runs.last and contact.1 >= runs.last - {lookback:Int64},
                if(runs.outcome = 'in_time', [], contacts.contacts)
            ) as before,
            before.3 as marks,
            arrayMap(contact -> exp2((contact.1 - before[-1].1) / {half_life:Float64}), before) as weights,
            arrayMap(weight -> weight / arraySum(weights), weights) as decay
        from ({{valued}}) as runs
        left any join ({{contacts}}) as contacts on contacts.customer = runs.customer
    ),
    ways as (
        select
            outcome,
            marks,
            toFloat64(count()) as n,
            sum(value) as worth,
            toFloat64(sum(is_valued)) as valued,
            sumForEach(decay) as decays,
            sumForEach(arrayMap(share -> share * value, decay)) as decays_worth
        from histories
        group by outcome, marks
    ),
    shared as (
        -- Each contact's share by each rule: first, last, last that is not direct, linear, by position, even a stretch.
        select
            *,
            if(outcome = 'succeeded', n, 0) as wins,
            if(outcome = 'succeeded', worth, 0) as gain,
            arrayMap(mark -> intDiv(mark, 2), marks) as labels,
            arrayPopBack(arrayPushFront(labels, 0)) as before,
            length(labels) as k,
            arrayEnumerate(labels) as places,
            arrayMap((label, previous) -> label != previous, labels, before) as begins,
            arrayCumSum(begins) as stretch,
            greatest(0, arraySum(begins) - {longest:UInt32}) as cut,
            arrayLastIndex(mark -> mark % 2 = 0, marks) as not_direct,
            arrayMap(
                i -> (
                    i = 1, i = k, i = if(not_direct = 0, k, not_direct), 1 / k,
                    multiIf(k = 1, 1, k = 2, 0.5, i = 1 or i = k, 0.4, 0.2 / (k - 2)),
                    if(begins[i] and stretch[i] > cut, 1 / (arraySum(begins) - cut), 0)
                ),
                places
            ) as shares
        from ways
    ),
    parts as (
        select arrayJoin(arrayConcat(
            [(toString(outcome), toUInt8(0), toUInt8(0), emptyArrayUInt8(), [n, worth, valued])],
            if(outcome = 'in_time', [], [(
                if(k = 0, 'bare', 'way'), 0, 0, arraySlice(arrayCompact(labels), 1 + cut), [n, wins, gain]
            )]),
            arrayMap(
                (i, label, previous, share, decay, decay_worth) -> ('step', label, previous, emptyArrayUInt8(), [
                    n, (i = indexOf(labels, label)) * n, (i = indexOf(labels, label)) * wins, share.2 * (n - wins),
                    share.1 * wins, share.2 * wins, share.3 * wins, share.4 * wins, share.5 * wins, share.6 * wins,
                    if(wins = 0, 0, decay),
                    share.1 * gain, share.2 * gain, share.3 * gain, share.4 * gain, share.5 * gain, share.6 * gain,
                    if(wins = 0, 0, decay_worth)
                ]),
                places, labels, before, shares, decays, decays_worth
            )
        )) as part
        from shared
    )
select part.1 as kind, part.2 as label, part.3 as previous, part.4 as way, sumForEach(part.5) as numbers
from parts
group by kind, label, previous, way
order by kind, numbers[2] desc, numbers[1] desc, label, previous, way
limit {rows:UInt32} by kind
