-- Which touchpoints follow the first step, by plain sorted arrays of all that customers did?
select arraySlice(history.3, indexOf(history.3, {names:Array(String)}[1]) + 1, 5) as way, count() as n
from (
    select
        identity,
        arraySort(groupArray((timestamp, sequence, if(type = 'page', path, event)))) as history
    from events
    where project = {project:UInt32} and type in ('track', 'page', 'screen')
    group by identity
    having has(history.3, {names:Array(String)}[1])
)
group by way
order by n desc
limit 1000
