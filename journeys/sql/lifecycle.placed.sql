-- In which parts of the time was each customer active, by their number? The first part holds all that is earlier.
select customer, arrayMap(part -> toInt64(indexOf({edges:Array(Int64)}, part)), parts) as places
from ({{active}})
where {{members}}
