-- How far did the members of these accounts come in each journey, alone or together, and how many runs have they made?
select
    journey_version,
    members.account as account,
    count() as n,
    uniqExact(customer) as customers,
    countIf(outcome = 'succeeded') as succeeded,
    max(position) as furthest,
    toUnixTimestamp64Milli(max(last)) as last_at
from journey_runs final
array join runs.outcome as outcome, runs.furthest as position, runs.last as last
join (
    select distinct group_id as account, customer
    from customer_events
    where project = {project:UInt32} and type = 'group' and group_id in {accounts:Array(String)} and not is_bot
    union all
    select arrayJoin({accounts:Array(String)}) as account, {{number}} as customer
) as members using customer
where project = {project:UInt32} and journey_version in {versions:Array(UInt32)}
group by journey_version, account
order by account, journey_version
