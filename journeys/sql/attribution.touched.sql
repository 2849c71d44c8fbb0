-- Which of these runs had a contact of this label before their end, or none at all?
select runs.customer as customer, runs.number as number
from ({{valued}}) as runs
left any join ({{contacts}}) as contacts on contacts.customer = runs.customer
where if(
    {label:String} = {none:String},
    not arrayExists(
        contact -> contact.1 <= runs.last and contact.1 >= runs.last - {lookback:Int64}, contacts.contacts
    ),
    arrayExists(
        contact -> contact.1 <= runs.last and contact.1 >= runs.last - {lookback:Int64} and contact.3 = {label:String},
        contacts.contacts
    )
)
