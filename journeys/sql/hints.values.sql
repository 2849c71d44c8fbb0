-- Which values does a property or trait of these events have, and in which share of a sample of them?
with
    sample as (
        select JSONExtractRaw({{column}}, {name:String}) as given
        from events
        where
            project = {project:UInt32} and {{which}} and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({since:Int64})
        limit {rows:UInt32}
    )
select
    if(startsWith(given, '"'), JSONExtractString(given), given) as value,
    startsWith(given, '"') as is_text,
    count() / (select count() from sample) as share
from sample
where given not in ('', 'null', '""') and not startsWith(given, '{') and not startsWith(given, '[')
    and length(given) <= 500
group by value, is_text
order by share desc, value, is_text
limit {most:UInt32}
