-- When did each trait get another value, by which event? The values of now first, then former ones, the latest first.
with
    said as (
        select
            arrayJoin(JSONExtractKeysAndValuesRaw(traits)) as member,
            member.1 as name,
            member.2 as value,
            timestamp, sequence, event_id, type, event
        from customer_events
        where project = {project:UInt32} and traits != '{}' and ({{whose}})
    ),
    compared as (
        select *, lagInFrame(value, 1, '') over (
            partition by name order by timestamp, sequence, event_id
            rows between unbounded preceding and unbounded following
        ) as former
        from said
    )
select
    name,
    value,
    toUnixTimestamp64Milli(timestamp) as at,
    lower(hex(event_id)) as id,
    if(event != '', event, toString(type)) as label,
    count() over (partition by name) as changes,
    row_number() over (partition by name order by timestamp, sequence, event_id) as number
from compared
where value != former
order by number < changes, timestamp desc, sequence desc, event_id desc
limit {most:UInt32} by name
limit {rows:UInt32}
