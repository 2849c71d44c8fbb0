-- Which accounts were told of lately, with this text in their id or a trait, from the cursor on, the last first?
select group_id as account, toUnixTimestamp64Milli(max(timestamp)) as last_told
from events
where
    project = {project:UInt32}
    and type = 'group'
    and group_id != ''
    and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({since:Int64})
group by account
having
    (last_told, account) < ({after_told:Int64}, {after_account:String})
    and (
        {text:String} = ''
        or positionCaseInsensitiveUTF8(account, {text:String}) > 0
        or max(positionCaseInsensitiveUTF8(traits, {text:String})) > 0
    )
order by last_told desc, account desc
limit {most:UInt32}
