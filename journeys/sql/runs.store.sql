-- Put the runs of these customers at these journeys in place of the stored ones; some have none any more.
insert into journey_runs (project, journey_version, customer, computed_at, version, runs, cut)
select
    {project:UInt32},
    {journey_versions:Array(UInt32)}[journey] as journey_version,
    customer,
    now64(3, 'UTC'),
    {version:UInt64},
    runs,
    cut
from ({{runs}})
-- Two-level aggregation would hand on 256 small blocks, and the fold pays its rounds for each of them. No customer
-- comes twice here: to look for that on insert takes as long as half the computation.
settings group_by_two_level_threshold = 0, group_by_two_level_threshold_bytes = 0, optimize_on_insert = 0
