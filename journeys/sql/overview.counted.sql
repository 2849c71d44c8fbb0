-- Where and how do the runs of each of these journeys end that began in the period? In the form of funnel.counted.
select
    journey_version,
    toUInt8(furthest) as step,
    outcome as what,
    count() as n,
    [nan, nan] as seconds,
    sumMap([place], [toUInt64(1)]) as places
from (
    select
        journey_version,
        furthest,
        outcome,
        row_number() over (partition by journey_version, customer order by furthest desc) as place
    from (
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
)
group by journey_version, furthest, outcome
