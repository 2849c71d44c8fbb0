-- Which paths were viewed in this time, and how often? Of very many paths those met first are looked at, so that
-- memory is bounded.
select path, count() as n
from events
where
    project = {project:UInt32} and type = 'page' and not is_bot and path != ''
    and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    and timestamp < fromUnixTimestamp64Milli({end:Int64})
    and ({{which}})
group by path
settings max_rows_to_group_by = 500000, group_by_overflow_mode = 'any'
