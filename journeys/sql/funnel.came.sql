-- How far did each customer come with each of those runs that may not be the only one?
select arraySort(groupArray(furthest)) as came
from chosen
where {{of_many}}
group by customer
