-- What was known of each run's customer by the landmark? Of each trait what was told last, and since when in the run.
select
    customer,
    any(number) as number,
    any(won) as won,
    any(ended) as ended,
    toUInt8(0) as place,
    concat('trait:', said.1) as name,
    argMax((said.2, t), (t, sequence, event_id)) as latest,
    if(startsWith(latest.1, '"'), JSONExtractString(latest.1), latest.1) as carried,
    toInt64(0) as level,
    greatest(latest.2, any(start)) as at
from (
    select
        chosen.customer as customer, chosen.number as number, chosen.won as won, chosen.ended as ended,
        chosen.start as start, told.t as t, told.sequence as sequence, told.event_id as event_id,
        arrayJoin(JSONExtractKeysAndValuesRaw(told.traits)) as said
    from (
        select customer, toUnixTimestamp64Milli(timestamp) as t, sequence, event_id, traits
        from {{resolved}}
        where project = {project:UInt32} and type != 'group' and traits != '{}'
    ) as told
    inner join (select * from ({{chosen}}) where is_seen) as chosen on chosen.customer = told.customer
    where told.t <= chosen.until
)
group by customer, said.1
having
    latest.1 != 'null' and substring(latest.1, 1, 1) not in ('{', '[')
    and carried != '' and lengthUTF8(carried) <= {longest:UInt16}
