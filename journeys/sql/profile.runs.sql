-- Which stored runs of this customer touch this time: those in time, then the others, the latest begun first?
select
    journey_version,
    toUnixTimestamp64Milli(run.start) as start,
    toUnixTimestamp64Milli(run.last) as last,
    toString(run.outcome) as outcome,
    run.furthest as furthest,
    toUnixTimestamp64Milli(run.times[-1]) as reached,
    run.case_value as case_value
from journey_runs final
array join runs as run
where
    project = {project:UInt32}
    and journey_version in {versions:Array(UInt32)}
    and customer = {customer:UInt64}
    and start <= {end:Int64}
    and last >= {start:Int64}
order by {{number}} = 4 desc, start desc, journey_version, case_value
limit {most:UInt32}
