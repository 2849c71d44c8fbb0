-- Who of these customers has stored sessions of this generation?
select customer
from customer_sessions final
where project = {project:UInt32} and generation = {generation:UInt32} and notEmpty(sessions.id) and ({{whose}})
