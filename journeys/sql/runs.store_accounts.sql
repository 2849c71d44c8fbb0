-- Put the runs of these accounts at these journeys, and who their members are, in place of the stored ones.
insert into journey_runs (project, journey_version, customer, computed_at, version, runs, cut, members)
select
    {project:UInt32},
    {journey_versions:Array(UInt32)}[journey] as journey_version,
    customer,
    now64(3, 'UTC'),
    {version:UInt64},
    groupArrayArray(runs),
    sum(cut),
    groupArrayArray(members)
from (
    select journey, customer, runs, cut, cast([], 'Array(UInt64)') as members from ({{runs}})
    union all
    select
        toUInt16(arrayJoin(arrayEnumerate({journey_versions:Array(UInt32)}))) as journey,
        account as customer,
        [] as runs,
        0 as cut,
        members
    from (select account, groupUniqArray(customer) as members from ({{members}}) group by account)
)
group by journey, customer
settings group_by_two_level_threshold = 0, group_by_two_level_threshold_bytes = 0, optimize_on_insert = 0
