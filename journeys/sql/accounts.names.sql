-- What are these accounts called?
select group_id as account, argMax(JSONExtractString(traits, 'name'), (timestamp, sequence, event_id)) as name
from events
where
    project = {project:UInt32}
    and type = 'group'
    and group_id in {accounts:Array(String)}
    and not is_bot
    and JSONExtractString(traits, 'name') != ''
group by account
