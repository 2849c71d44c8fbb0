-- Which journey versions have stored runs that do not tell yet which events reached their steps?
select distinct journey_version
from journey_runs final
where arrayExists((steps, ids) -> length(steps) != length(ids), runs.steps, runs.event_ids)
order by journey_version
