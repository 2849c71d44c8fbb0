-- What did these identities do, and as whose?
select *
from customer_events
where project = {project:UInt32} and identity in {identities:Array(UInt64)}
