-- Who of these customers has stored runs of this version?
select customer
from ({{stored}})
where notEmpty(runs) and ({{whose}})
