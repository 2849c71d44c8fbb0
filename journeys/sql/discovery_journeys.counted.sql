-- How do the attempts at each of these journeys stand that began in the period, how long did they take, and what were
-- their goals worth, in which currency?
with
    attempts as (
        select
            journey,
            customer,
            toUnixTimestamp64Milli(run.start) as start,
            toUnixTimestamp64Milli(run.last) as last,
            multiIf(
                run.outcome != 'open', run.outcome,
                {now:Int64} - start > {within:Int64}, 'dropped',
                'in_time'
            ) as outcome,
            run.event_ids[-1] as final
        from (select journey, customer, arrayJoin(runs) as run from ({{computed}}))
        where start >= {start:Int64} and start < {end:Int64} and start <= {now:Int64}
    ),
    worths as (
        select
            event_id,
            toFloat64OrNull(JSONExtract(properties, {value:String}, 'Nullable(String)')) as worth,
            upperUTF8(JSONExtractString(properties, 'currency')) as currency
        from events
        where
            project = {project:UInt32}
            and {value:String} != ''
            and ({{goals}})
            and not is_bot
            and timestamp >= fromUnixTimestamp64Milli({start:Int64})
            and isFinite(ifNull(worth, nan))
    )
select
    journey,
    uniqExact(customer) as customers,
    countIf(outcome = 'succeeded') as succeeded,
    countIf(outcome = 'dropped') as dropped,
    countIf(outcome = 'in_time') as in_time,
    quantileExactInclusiveIf(0.5)((last - start) / 1000, outcome = 'succeeded') as median,
    sumMapIf([told.currency], [toUInt64(1)], outcome = 'succeeded' and valued) as told_in,
    sumMapIf([told.currency], [assumeNotNull(value)], outcome = 'succeeded' and valued) as worth_in
from attempts
left any join (select event_id, worth as value, currency, 1 as valued from worths) as told
    on told.event_id = attempts.final
group by journey
