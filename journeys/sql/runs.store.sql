-- Put the runs of these customers in place of the stored ones; the emptied ones lose theirs.
insert into journey_runs (project, journey_version, customer, computed_at, version, runs)
select
    {project:UInt32},
    {journey_version:UInt32},
    customer,
    now64(3, 'UTC'),
    {version:UInt64},
    groupArrayArray(runs)
from (
    select customer, runs from ({{runs}})
    union all
    select arrayJoin({{emptied}}) as customer, [] as runs
)
group by customer
