-- Who of these customers has touchpoints, or stored sessions of this generation?
select distinct customer
from {{resolved}}
where project = {project:UInt32} and type in ('track', 'page', 'screen') and not is_bot and ({{whose}})
union distinct
{{stored}}
