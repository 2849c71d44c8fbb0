-- Which accounts have these numbers?
select distinct {{number}} as number, group_id as account
from events
where
    project = {project:UInt32}
    and type = 'group'
    and group_id != ''
    and not is_bot
    and number in {accounts:Array(UInt64)}
