-- Which customer did each identity belong to at that moment, where it was not a customer of its own?
select identity, argMax(customer, version) as customer, argMax(spans, version) as spans
from identity_history
where project = {project:UInt32} and version <= {as_of:UInt64}
group by identity
