-- How long did each run take from one step to another, or how long was it watched where it has not come there?
-- These are watched until now, or until the window of the run ends, however it stands; see journeys/survival.py.
-- Times are told in four digits, so that there are not more of them than a picture needs.
select
    customer, number, came,
    toUInt64(greatest(until_t - origin_t, 0)) as milliseconds,
    toUInt64(intExp10(greatest(toInt32(log10(greatest(milliseconds, 1))) - 3, 0))) as digit,
    intDiv(milliseconds, digit) * digit / 1000 as seconds
from (
    select
        customer, number,
        toUnixTimestamp64Milli(times[indexOf(steps, {origin:UInt8})]) as origin_t,
        has(steps, {target:UInt8}) as came,
        if(
            came,
            toUnixTimestamp64Milli(times[indexOf(steps, {target:UInt8})]),
            if({window:Int64} > 0, least({now:Int64}, start + {window:Int64}), {now:Int64})
        ) as until_t
    from ({{runs}})
    where ({{which}}) and has(steps, {origin:UInt8})
)
