-- By which computation are the runs of these customers stored? Those without stored runs are left out.
select customer, max(version) as version
from journey_runs
where
    project = {project:UInt32}
    and journey_version = {journey_version:UInt32}
    and customer in {customers:Array(UInt64)}
group by customer
