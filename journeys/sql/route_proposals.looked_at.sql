-- How many views were there, how many of them are looked at, and how many different paths do they have?
select
    (
        select count()
        from events
        where
            project = {project:UInt32} and type = 'page' and not is_bot and path != ''
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and timestamp < fromUnixTimestamp64Milli({end:Int64})
            and ({{which}})
    ) as views,
    sum(n) as looked_at,
    count() as paths
from ({{paths}})
