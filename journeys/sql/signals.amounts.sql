-- Which numbers did the events of the steps tell: at least a quarter, half, three quarters of what all told? Only
-- properties with many different numbers are cut so; others are told apart by their values. One row more is of everybody.
with
    told as (
        select
            customer, number, won, ended, place, at,
            concat('property:', said.1) as name,
            toFloat64OrNull(if(startsWith(said.2, '"'), JSONExtractString(said.2), said.2)) as amount
        from (
            select
                taken.customer as customer, taken.number as number, taken.won as won, taken.ended as ended,
                taken.way.1 as place, taken.way.2 as at,
                JSONExtractKeysAndValuesRaw(properties) as facts,
                arrayJoin(arrayFilter((one, n) -> indexOf(facts.1, one.1) = n, facts, arrayEnumerate(facts))) as said
            from (
                select event_id, properties
                from events
                where
                    project = {project:UInt32} and ({{earlier}}) and not is_bot
                    and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            ) as told_by
            inner join (
                select customer, number, won, ended, arrayJoin(ways) as way, way.3 as event_id
                from ({{chosen}})
                where is_seen
            ) as taken on taken.event_id = told_by.event_id
        )
        where isFinite(amount)
    ),
    cut as (
        select
            place,
            name,
            arrayPushBack(
                arrayMap(
                    one -> (toString(one), one, toInt64(0)),
                    arrayDistinct(quantilesExactInclusive(0.25, 0.5, 0.75)(amount))
                ),
                ('', -inf, {everybody:Int64})
            ) as cuts
        from told
        group by place, name
        having uniq(amount) >= {different:UInt32}
    )
select
    customer, number, won, ended, place, name, one.1 as carried, one.3 as level, at
from (
    select told.*, cut.cuts as cuts
    from told
    inner join cut on cut.place = told.place and cut.name = told.name
)
array join cuts as one
where amount >= one.2
