-- The same of all stored runs of the period: a row holds those of one customer, so nobody has to look for them.
select arraySort(arrayFilter(
    (furthest, start) -> start >= {start:Int64} and start < {end:Int64} and start <= {now:Int64},
    runs.furthest, arrayMap(at -> toUnixTimestamp64Milli(at), runs.start)
)) as came
from journey_runs final
where
    project = {project:UInt32}
    and journey_version = {journey_version:UInt32}
    and length(runs.start) > 1
    and notEmpty(came)
