-- Which touchpoints are contacts, when, and by what label? Not those that take the goal, nor what browsers report of time
-- and depth. What came in one millisecond is in the order of the rule.
select
    customer,
    toUnixTimestamp64Milli(timestamp) as at,
    bitShiftLeft(toUInt128(sequence), 32) + byteSwap(reinterpretAsUInt32(event_id)) as tie,
    {{label}} as label,
    channel in ('', 'Direct') as is_direct
from {{resolved}}
where
    project = {project:UInt32}
    and type in ('track', 'page', 'screen')
    and not is_bot
    and not (type = 'track' and event = {engagement:String})
    and not ({{goal}})
    and timestamp >= fromUnixTimestamp64Milli({start:Int64} - {lookback:Int64})
    and timestamp <= fromUnixTimestamp64Milli({now:Int64})
