-- Of which of these customers are other runs stored than their events make? The runs of both kinds as text.
select
    customer,
    toString(arraySort(groupArrayIf(run, is_stored))) as stored,
    toString(arraySort(groupArrayIf(run, not is_stored))) as computed
from (
    select
        customer,
        is_stored,
        (
            start, last, case_value, toString(outcome), furthest, repeats, shortcut, steps, times,
            arrayMap(id -> lower(hex(id)), event_ids), strays, toString(channel), toString(source), toString(medium),
            toString(campaign), toString(device), toString(country)
        ) as run
    from (
        select *, false as is_stored from ({{computed}})
        union all
        select *, true as is_stored from ({{stored}}) where customer in {customers:Array(UInt64)}
    )
)
group by customer
having stored != computed
order by customer
