-- By which of these runs did each customer join its cohort, when, and in which parts of the time was it active?
select joined.customer as customer, joined.number as number, joined.cohort as cohort, active.parts as parts
from (
    select customer, number, roundDown({{moment}}, {edges:Array(Int64)}) as cohort
    from ({{runs}})
    where {{which}}
    order by {{moment}}, number
    limit 1 by customer
) as joined
left any join ({{active}}) as active on active.customer = joined.customer
