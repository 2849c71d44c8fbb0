-- To which accounts do these customers lead: those of which they are members, and those whose stored runs were computed
-- when they were?
select account, customer
from ({{members}})
union distinct
select journey_runs.customer as account, arrayJoin(arrayIntersect(members, {customers:Array(UInt64)})) as customer
from journey_runs final
where
    project = {project:UInt32}
    and journey_version in {journey_versions:Array(UInt32)}
    and hasAny(members, {customers:Array(UInt64)})
