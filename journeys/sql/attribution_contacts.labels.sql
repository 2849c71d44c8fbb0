-- Which labels do most contacts of this time have?
select label, {{most}} as n
from ({{contacts}})
where label not in {reserved:Array(String)}
group by label
order by n desc, label
limit {labels_most:UInt32}
