-- How large are these tables on disk?
select table as name, sum(bytes_on_disk) as bytes
from system.parts
where active and database = currentDatabase() and table in {tables:Array(String)}
group by name
