-- When which of these runs began, did the latest run of the customer in the other journey stand like this? Runs that
-- began at the same moment or later are not looked at; of several of one moment the one with the highest number is.
select customer, number
from (
    select
        runs.customer as customer,
        runs.number as number,
        if(runs.start >= others.end and others.outcome in ('succeeded', 'failed'), others.outcome, 'open') as ended,
        {{outcome}} as outcome,
        multiIf(not others.is_known, 'never_entered', outcome = 'in_time', 'under_way', outcome) as state
    from (select customer, number, start from ({{runs}})) as runs
    asof left join (
        select
            customer,
            toUnixTimestamp64Milli(run_start) as begin,
            argMax(toUnixTimestamp64Milli(run_last), run_number) as end,
            argMax(run_outcome, run_number) as outcome,
            1 as is_known
        from (
            select
                customer, run_number, run_start, run_last, run_outcome
            from journey_runs final
            array join
                arrayEnumerate(runs.start) as run_number,
                runs.start as run_start,
                runs.last as run_last,
                runs.outcome as run_outcome
            where project = {project:UInt32} and journey_version = {{version}}
        )
        group by customer, begin
    ) as others on others.customer = runs.customer and runs.start > others.begin
)
where state = {{state}}
