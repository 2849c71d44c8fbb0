-- How many customers are there, and how much did the busiest do? Little else is asked, so resolving weighs most.
select count() as customers, max(n) as busiest
from (select customer, count() as n from {{resolved}} where project = {project:UInt32} group by customer)
