-- By which runs did those customers join their cohorts who were active so many parts of the time later, where that is over?
select customer, number
from ({{joined}})
where
    indexOf({edges:Array(Int64)}, cohort) + {later:UInt32} < length({edges:Array(Int64)})
    and has(parts, {edges:Array(Int64)}[indexOf({edges:Array(Int64)}, cohort) + {later:UInt32}])
