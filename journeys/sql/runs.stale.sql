-- Who of these customers has stored runs of this version?
select toUInt16(1) as journey, customer
from journey_runs final
where
    project = {project:UInt32}
    and journey_version = {journey_version:UInt32}
    and notEmpty(runs.start)
    and ({{whose}})
