-- Which customers are members of which accounts: who was ever told to belong to one?
select distinct customer, {{number}} as account
from {{resolved}}
where project = {project:UInt32} and type = 'group' and group_id != '' and not is_bot and ({{which}})
