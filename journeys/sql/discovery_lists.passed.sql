-- Which attempts passed this touchpoint on their way?
select customer, number
from ({{walked}})
where has(passed, cityHash64({type:String}, {label:String}))
