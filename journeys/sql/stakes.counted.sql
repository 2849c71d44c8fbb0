-- What are the successes of these journeys worth, by each property that may say so and by currency? Those first that
-- most successes tell.
with
    succeeded as (
        select journey_version, ids[-1] as final
        from journey_runs final
        array join runs.start as begun, runs.outcome as ended, runs.event_ids as ids
        where
            project = {project:UInt32}
            and journey_version in {journey_versions:Array(UInt32)}
            and ended = 'succeeded'
            and begun >= fromUnixTimestamp64Milli({start:Int64})
            and begun < fromUnixTimestamp64Milli({end:Int64})
            and begun <= fromUnixTimestamp64Milli({now:Int64})
    ),
    worths as (
        select
            event_id,
            name,
            toFloat64OrNull(JSONExtract(properties, name, 'Nullable(String)')) as number,
            upperUTF8(JSONExtractString(properties, 'currency')) as currency
        from events
        array join {names:Array(String)} as name
        where
            project = {project:UInt32}
            and ({{anchor}})
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and isFinite(number)
    )
select journey_version, worths.name as name, worths.currency as currency, count() as valued, sum(worths.number) as value
from succeeded
join worths on worths.event_id = succeeded.final
group by journey_version, name, currency
order by valued desc, indexOf({names:Array(String)}, name), currency
