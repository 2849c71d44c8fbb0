-- How many runs stand how by this version and by the other one? The same attempt began with the same event; nothing is
-- said for the version by which no run began there.
select mine.outcome as this, others.outcome as other, count() as n
from ({{this}}) as mine
full join ({{other}}) as others on mine.customer = others.customer and mine.opening = others.opening
group by this, other
order by n desc, other, this
