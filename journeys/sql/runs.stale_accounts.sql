-- Which of these accounts have a row of this version, with runs or without?
select toUInt16(1) as journey, customer
from journey_runs final
where project = {project:UInt32} and journey_version = {journey_version:UInt32} and ({{whose}})
