-- Which of these runs belong to the segment?
select *
from ({{runs}})
where {{segment}}
