-- Which accounts were told of lately, with this text in their id or the value of a trait, from the cursor on, the last
-- first?
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
        or max(arrayExists(
            name -> positionCaseInsensitiveUTF8(
                if(
                    JSONType(traits, name) = 'String', JSONExtractString(traits, name), JSONExtractRaw(traits, name)
                ),
                {text:String}
            ) > 0,
            JSONExtractKeys(traits)
        ))
    )
order by last_told desc, account desc
limit {most:UInt32}
