-- Which contacts did these customers have, in their order?
select customer, contacts.1 as at, contacts.3 as marks
from ({{contacts}})
where customer in {busy:Array(UInt64)}
