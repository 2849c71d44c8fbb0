-- What was the last value of each trait up to a moment, of those told last where there are too many?
select
    member.1 as name,
    argMax(member.2, (timestamp, sequence, event_id)) as value
from (
    select arrayJoin(JSONExtractKeysAndValuesRaw(traits)) as member, timestamp, sequence, event_id
    from customer_events
    where
        project = {project:UInt32}
        and traits != '{}'
        and timestamp <= fromUnixTimestamp64Milli({until:Int64})
        and ({{whose}})
)
group by name
order by max(timestamp) desc, name
limit {most:UInt32}
