-- How many runs come to each step or beyond it, or in any order take it?
select arrayJoin(if({in_any_order:UInt8}, walked, range(1, toUInt8(furthest + 1)))) as step, count() as n
from ({{runs}})
where {{which}}
group by step
