-- Which contacts did each customer have, in their order: when, and by which label? Labels are small numbers, doubled;
-- one more says that the contact was direct.
select
    customer,
    arraySort(groupArray((
        toUnixTimestamp64Milli(found.start),
        id,
        toUInt8(
            2 * transform({{label}}, {names:Array(String)}, {codes:Array(UInt8)}, {other:UInt8})
            + (channel in ('', 'Direct'))
        )
    ))) as contacts
from ({{sessions}}) as found
where {{contact}}
group by customer
