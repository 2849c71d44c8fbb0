-- Of how many customers were runs cut because too many touchpoints came without a pause, and how many runs?
select
    journey_version,
    count() as customers,
    sum(cut) as runs,
    max(customer) >= toUInt64(9223372036854775808) as of_accounts
from journey_runs final
where
    cut > 0
    and (journey_version = {journey_version:UInt32} or {journey_version:UInt32} = 0)
    and (journey_version, customer) in (
        -- Few, and found without putting all stored rows in order.
        select journey_version, customer from journey_runs
        where cut > 0 and (journey_version = {journey_version:UInt32} or {journey_version:UInt32} = 0)
    )
group by journey_version
order by journey_version
