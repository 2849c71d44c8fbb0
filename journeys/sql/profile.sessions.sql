-- How many sessions are these?
select count() as n
from ({{sessions}})
