-- Which properties of the goal's event tell successes' worth as a number, in which currency, of how many and of how
-- much? Those first that are asked for, or that usually tell it, then those that most successes carry.
select
    worths.name as name,
    worths.currency as currency,
    count() as n,
    sum(worths.number) as value
from (
    select event_ids[-1] as final
    from ({{runs}})
    where ({{which}}) and outcome = 'succeeded'
) as won
join (
    select
        event_id,
        arrayJoin(JSONExtractKeysAndValuesRaw(properties)) as told,
        told.1 as name,
        toFloat64OrNull(trim(both '"' from told.2)) as number,
        upperUTF8(JSONExtractString(properties, 'currency')) as currency
    from events
    where
        project = {project:UInt32}
        and ({{anchor}})
        and not is_bot
        and timestamp >= fromUnixTimestamp64Milli({start:Int64})
        and isFinite(number)
        and lengthUTF8(name) between 1 and 200
) as worths on worths.event_id = won.final
group by name, currency
order by has({names:Array(String)}, name) desc, n desc, indexOf({names:Array(String)}, name), name, currency
limit {most:UInt32}
