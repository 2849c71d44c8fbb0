-- Which runs are these, by how long they took or were watched?
select customer, number
from ({{taken}})
where {{condition}}
