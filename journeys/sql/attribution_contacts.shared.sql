-- Which contacts had accounts? Those of all their members; the account stands in the customer's place.
select members.account as customer, at, tie, label, is_direct
from ({{contacts}}) as found
join ({{members}}) as members on members.customer = found.customer
