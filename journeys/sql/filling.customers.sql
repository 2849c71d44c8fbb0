-- Who of these customers has events of this journey, or stored runs of this version?
select distinct customer
from {{resolved}}
where project = {project:UInt32} and ({{relevant}}) and not is_bot and ({{whose}})
union distinct
select customer from ({{stored}})
