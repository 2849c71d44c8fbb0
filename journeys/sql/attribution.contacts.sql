-- Which contacts did each customer have, in their order: when, by which label, and was it direct?
select
    customer,
    arraySort(groupArray((
        toUnixTimestamp64Milli(found.start),
        id,
        multiIf({{label}} = '', {unset:String}, {{label}} in {named:Array(String)}, {{label}}, {other:String}),
        channel in ('', 'Direct')
    ))) as contacts
from ({{sessions}}) as found
where {{contact}}
group by customer
