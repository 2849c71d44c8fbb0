-- What did the events of the steps that each run had taken by the landmark say? Lists and objects are left out, and what
-- is too long to tell groups apart.
select
    customer, number, won, ended, place, said.1 as name, said.2 as carried, toInt64(0) as level, at
from (
    select
        taken.customer as customer, taken.number as number, taken.won as won, taken.ended as ended,
        taken.way.1 as place, taken.way.2 as at,
        arrayDistinct(arrayConcat(
            [
                ('channel', toString(channel)), ('source', toString(source)), ('campaign', toString(campaign)),
                ('device', toString(device)), ('country', toString(country))
            ],
            arrayMap(
                one -> (concat('property:', one.1), if(startsWith(one.2, '"'), JSONExtractString(one.2), one.2)),
                arrayFilter(
                    one -> one.2 != 'null' and substring(one.2, 1, 1) not in ('{', '['),
                    JSONExtractKeysAndValuesRaw(properties)
                )
            )
        )) as facts
    from (
        select event_id, properties, channel, source, campaign, device, country
        from events
        where
            project = {project:UInt32} and ({{earlier}}) and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
    ) as told
    inner join (
        select customer, number, won, ended, arrayJoin(ways) as way, way.3 as event_id
        from ({{chosen}})
        where is_seen
    ) as taken on taken.event_id = told.event_id
)
array join facts as said
where carried != '' and lengthUTF8(carried) <= {longest:UInt16}
