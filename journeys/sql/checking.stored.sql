-- How many customers have stored runs of this version?
select count() as n
from journey_runs
where project = {project:UInt32} and journey_version = {journey_version:UInt32}
