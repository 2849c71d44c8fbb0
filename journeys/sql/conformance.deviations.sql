-- How many runs deviate in which way, and what became of them? `took` are the runs that those of `missing` are
-- compared with: they went past the step with it.
select
    deviation.1 as kind,
    deviation.2 as step,
    count() as n,
    countIf(outcome = 'succeeded') as succeeded,
    countIf(outcome = 'in_time') as in_time,
    quantileExactInclusiveIf(0.5)((last - start) / 1000, outcome = 'succeeded') as median
from (
    select
        *,
        arrayJoin(arrayConcat(
            [('all', toUInt8(0))],
            if({{fits}}, [('fits', toUInt8(0))], []),
            if(repeats > 0, [('repeated', toUInt8(0))], []),
            if(shortcut, [('shortcut', toUInt8(0))], []),
            arrayMap(k -> (if(has(steps, k), 'took', 'missing'), toUInt8(k)), range(1, furthest))
        )) as deviation
    from ({{runs}})
    where {{which}}
)
group by kind, step
