-- Which runs are stored of this customer?
select
    journey_version,
    toUnixTimestamp64Milli(run.start) as start,
    toUnixTimestamp64Milli(run.last) as last,
    toString(run.outcome) as outcome,
    run.furthest as furthest,
    run.case_value as case_value
from journey_runs final
array join runs as run
where
    project = {project:UInt32}
    and journey_version in {versions:Array(UInt32)}
    and customer = {customer:UInt64}
order by start desc
