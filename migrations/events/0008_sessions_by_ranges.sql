-- A count of sessions under way cut the customers into other parts than are cut now, so it begins anew.
insert into session_generations (
    project, generation, idle_minutes, cap_hours, key_events, since, idle, cap, state, chunks_done, chunks_total, version
)
select
    project, generation, idle_minutes, cap_hours, key_events, since, idle, cap, state, 0, 0, version + 1
from session_generations final
where state = 'filling' and chunks_done > 0;
