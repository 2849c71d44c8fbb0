-- Who of these customers has touchpoints, or stored sessions of this generation?
select distinct customer
from customer_events
where project = {project:UInt32} and type in ('track', 'page', 'screen') and not is_bot and ({{whose}})
union distinct
select customer
from customer_sessions final
where project = {project:UInt32} and generation = {generation:UInt32} and notEmpty(sessions.id) and ({{whose}})
