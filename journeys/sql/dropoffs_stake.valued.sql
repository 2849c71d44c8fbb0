-- Which goals' events tell a success's worth by a property?
select event_id
from ({{worths}})
where isNotNull(worth)
