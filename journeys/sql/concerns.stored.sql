-- Of which journey versions have these customers stored runs, or had some until lately?
select distinct journey_version
from journey_runs
where project = {project:UInt32} and customer in {customers:Array(UInt64)} and notEmpty(runs.start)
