-- What is each touchpoint of this kind worth, by a property? Null where it carries no number, or another currency.
select
    event_id,
    toFloat64OrNull(JSONExtract(properties, {value:String}, 'Nullable(String)')) as number,
    upperUTF8(JSONExtractString(properties, 'currency')) as currency,
    if(isFinite(number) and {currency:String} in ('*', currency), number, null) as worth
from events
where
    project = {project:UInt32}
    and ({{anchor}})
    and not is_bot
    and timestamp >= fromUnixTimestamp64Milli({start:Int64})
