-- Which contacts did each customer have, in their order: when, and by which label? The label's number is doubled; one more
-- says that the contact was direct.
select customer, arraySort(groupArray((at, tie, toUInt8(2 * code + is_direct)))) as contacts
from ({{contacts}})
group by customer
