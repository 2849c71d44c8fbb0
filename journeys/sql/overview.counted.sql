-- Where and how do the runs of each of these journeys end that began in the period, and how many are of one customer?
-- In the form of funnel.counted.
with
    started as (
        select
            journey_version,
            customer,
            furthest,
            toUnixTimestamp64Milli(begun) as start,
            toUnixTimestamp64Milli(gone) as last,
            indexOf({journey_versions:Array(UInt32)}, journey_version) as number,
            {{outcome}} as outcome
        from journey_runs final
        array join
            runs.start as begun,
            runs.last as gone,
            runs.outcome as ended,
            runs.furthest as furthest
        where
            project = {project:UInt32}
            and journey_version in {journey_versions:Array(UInt32)}
            and start >= {start:Int64}
            and start < {end:Int64}
            and start <= {now:Int64}
    )
select
    journey_version,
    0 as step,
    toUInt8(furthest) as ended,
    0 as n,
    countIf(outcome = 'succeeded') as succeeded,
    countIf(outcome = 'failed') as failed,
    countIf(outcome = 'dropped') as dropped,
    countIf(outcome = 'in_time') as in_time,
    emptyArrayUInt64() as reached
from started
group by journey_version, furthest
union all
select journey_version, 0, 0, count(), 0, 0, 0, 0, [runs] as reached
from (select journey_version, count() as runs from started group by journey_version, customer)
group by journey_version, runs
