-- Which labels do most contacts of this time have?
select {{label}} as label, count() as n
from ({{sessions}}) as found
where {{contact}} and label not in {reserved:Array(String)}
group by label
order by n desc, label
limit {labels_most:UInt32}
