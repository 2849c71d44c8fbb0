-- Which runs are stored of this journey version?
select customer, runs
from journey_runs final
where project = {project:UInt32} and journey_version = {journey_version:UInt32}
