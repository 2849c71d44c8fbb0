-- Which generations of sessions has this project, the oldest first?
select
    project, generation, idle_minutes, cap_hours, key_events, since, idle, cap, toString(state) as state,
    chunks_done, chunks_total
from session_generations final
where project = {project:UInt32}
order by generation
