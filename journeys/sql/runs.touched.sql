-- Which customers does each of these journeys concern?
select whom.1 as journey, {customers:Array(UInt64)}[arrayJoin(whom.2)] as customer
from (
    select arrayJoin(arrayZip(arrayEnumerate({whom:Array(Array(UInt32))}), {whom:Array(Array(UInt32))})) as whom
)
