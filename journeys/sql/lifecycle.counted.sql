-- How many customers were new in each part of the time, came right after the part before, came back after a pause,
-- or stayed away?
select found.1 as place, found.2 as state, count() as n
from (
    select arrayJoin(arrayConcat(
        arrayMap(
            (place, i) -> (place, multiIf(i = 1, 'new', places[i - 1] = place - 1, 'returning', 'resurrected')),
            places, arrayEnumerate(places)
        ),
        arrayMap(
            place -> (place + 1, 'dormant'),
            arrayFilter(place -> place < length({edges:Array(Int64)}) and not has(places, place + 1), places)
        )
    )) as found
    from ({{placed}})
)
group by place, state
