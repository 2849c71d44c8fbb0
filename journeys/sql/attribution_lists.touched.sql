-- Which of these runs had a contact of this label before their end, or none at all where no label is meant?
select runs.customer as customer, runs.number as number
from ({{runs}}) as runs
left any join ({{contacts}}) as contacts on contacts.customer = runs.customer
where arrayExists(
    contact -> contact.1 <= runs.last
        and contact.1 >= runs.last - {lookback:Int64}
        and ({label:UInt8} = 0 or intDiv(contact.3, 2) = {label:UInt8}),
    contacts.contacts
) != ({label:UInt8} = 0)
