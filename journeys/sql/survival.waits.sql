-- How long did runs take from one step to another, and how long were those watched that have not come there?
-- These are watched until now, or until the window of the run ends, however it stands; see journeys/survival.py.
-- Times are told in four digits, so that there are not more rows than a picture needs.
with
    taken as (
        select
            toUnixTimestamp64Milli(times[indexOf(steps, {origin:UInt8})]) as origin_t,
            has(steps, {target:UInt8}) as came,
            if(
                came,
                toUnixTimestamp64Milli(times[indexOf(steps, {target:UInt8})]),
                if({window:Int64} > 0, least({now:Int64}, start + {window:Int64}), {now:Int64})
            ) as until_t,
            toUInt64(greatest(until_t - origin_t, 0)) as milliseconds,
            toUInt64(intExp10(greatest(toInt32(log10(greatest(milliseconds, 1))) - 3, 0))) as digit
        from ({{runs}})
        where ({{which}}) and has(steps, {origin:UInt8})
    )
select came, intDiv(milliseconds, digit) * digit / 1000 as seconds, count() as n
from taken
group by came, seconds
order by seconds, came
