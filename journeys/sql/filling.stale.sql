-- Who of these customers has stored runs of these versions?
select toUInt16(indexOf({journey_versions:Array(UInt32)}, journey_version)) as journey, customer
from journey_runs final
where
    project = {project:UInt32}
    and journey_version in {journey_versions:Array(UInt32)}
    and notEmpty(runs.start)
    and ({{whose}})
