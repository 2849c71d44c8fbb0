-- Which labels do most contacts of this time have, and how many labels are there?
select {{label}} as label, count() as n, count() over () as labels
from ({{sessions}}) as found
where {{contact}} and label != ''
group by label
order by n desc, label
limit {most:UInt32}
