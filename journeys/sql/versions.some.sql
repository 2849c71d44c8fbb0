-- Which of these runs are those of the customers of a sample?
select *
from ({{source}})
where {{whose}}
