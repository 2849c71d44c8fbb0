-- By which runs did those customers of a cohort join it who were active in a part of the time?
select customer, number
from ({{joined}})
where cohort = {cohort:Int64} and ({part:Int64} = {all:Int64} or has(parts, {part:Int64}))
