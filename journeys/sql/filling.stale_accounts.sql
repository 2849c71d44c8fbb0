-- Which of these accounts have a row of this version, with runs or without?
select toUInt16(indexOf({journey_versions:Array(UInt32)}, journey_version)) as journey, customer
from journey_runs final
where project = {project:UInt32} and journey_version in {journey_versions:Array(UInt32)} and ({{whose}})
