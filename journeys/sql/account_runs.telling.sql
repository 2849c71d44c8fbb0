-- Which identities were told to belong to these accounts?
select distinct identity
from events
where
    project = {project:UInt32}
    and type = 'group'
    and group_id != ''
    and not is_bot
    and {{number}} in {accounts:Array(UInt64)}
