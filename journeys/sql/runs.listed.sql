-- Which runs are these, the newest first, from the cursor on?
select
    customer, number, case_value, start, last, toString(outcome) as outcome, furthest, repeats, shortcut, walked,
    arrayMap(at -> toUnixTimestamp64Milli(at), times) as reached,
    toString(channel) as channel, toString(source) as source, toString(campaign) as campaign,
    toString(device) as device, toString(country) as country, account, {{times}} as how_often,
    {{stands_for}} as stands_for
from ({{runs}})
where
    {{which}}
    and (start, customer, number, account)
        < ({after_start:Int64}, {after_customer:UInt64}, {after_number:UInt64}, {after_account:String})
order by start desc, customer desc, number desc, account desc
limit {most:UInt32}
