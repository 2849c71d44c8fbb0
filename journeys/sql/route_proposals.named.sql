-- Which templates do the paths make, the most viewed first?
select prefixes[-1] as template, sum(n) as views
from ({{walked}})
where template != path and length(template) <= {longest:UInt32}
group by template
having count() >= {few:UInt32}
order by views desc, template
limit {most:UInt32}
