-- How many customers did something for the first time in each part of the time, and were active in each since?
select places[1] as cohort, arrayJoin(arrayPushFront(places, {all:Int64})) as place, count() as n
from ({{placed}})
group by cohort, place
