-- Which of these runs went one of these ways, or none of them? A way is labels in their order, neighbours that are equal
-- as one, the last so many.
select customer, number
from (
    select
        runs.customer as customer,
        runs.number as number,
        arrayCompact(arrayMap(
            contact -> toString(intDiv(contact.3, 2)),
            arrayFilter(
                contact -> contact.1 <= runs.last and contact.1 >= runs.last - {lookback:Int64}, contacts.contacts
            )
        )) as labels,
        arrayStringConcat(arraySlice(labels, 1 + greatest(0, length(labels) - {longest:UInt32})), ',') as way
    from ({{runs}}) as runs
    left any join ({{contacts}}) as contacts on contacts.customer = runs.customer
)
where has({ways:Array(String)}, way) = {is_among:UInt8}
