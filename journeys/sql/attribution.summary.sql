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
            outcome = 'succeeded' as won,
            arrayMap(mark -> intDiv(mark, 2), marks) as labels,
            length(labels) as k,
            arrayEnumerate(labels) as places,
            arrayMap(i -> i = 1 or labels[i] != labels[i - 1], places) as begins,
            arrayCumSum(begins) as stretch,
            greatest(0, arraySum(begins) - {longest:UInt32}) as cut,
            arrayLastIndex(mark -> mark % 2 = 0, marks) as not_direct,
            arrayMap(
                i -> [
                    toFloat64(i = 1), toFloat64(i = k), toFloat64(i = if(not_direct = 0, k, not_direct)), 1 / k,
                    multiIf(k = 1, 1, k = 2, 0.5, i = 1 or i = k, 0.4, 0.2 / (k - 2)),
                    if(begins[i] and stretch[i] > cut, 1 / (arraySum(begins) - cut), 0)
                ],
                places
            ) as shares
        from ways
    ),
    parts as (
        select arrayJoin(arrayConcat(
            [(toString(outcome), toUInt8(0), toUInt8(0), emptyArrayUInt8(), [n, worth, valued])],
            if(outcome = 'in_time', [], [(
                if(k = 0, 'bare', 'way'), 0, 0, arraySlice(arrayCompact(labels), 1 + cut), [n, won * n, won * worth]
            )]),
            arrayMap(
                i -> ('label', labels[i], 0, emptyArrayUInt8(), arrayConcat(
                    [n, (i = indexOf(labels, labels[i])) * n, (i = indexOf(labels, labels[i])) * won * n],
                    arrayMap(share -> won * share * n, shares[i]), [won * decays[i]],
                    arrayMap(share -> won * share * worth, shares[i]), [won * decays_worth[i]]
                )),
                places
            ),
            arrayMap(i -> ('step', if(i = 1, 0, labels[i - 1]), labels[i], emptyArrayUInt8(), [n]), places),
            if(k = 0, [], [(if(won, 'won', 'lost'), labels[k], 0, emptyArrayUInt8(), [n])])
        )) as part
        from shared
    )
select part.1 as kind, part.2 as label, part.3 as following, part.4 as way, sumForEach(part.5) as numbers
from parts
group by kind, label, following, way
order by kind, numbers[2] desc, numbers[1] desc, label, following, way
limit {rows:UInt32} by kind
