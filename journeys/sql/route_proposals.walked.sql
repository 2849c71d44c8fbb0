-- What becomes of each path when its variables get names? It is walked place by place; `prefixes` are what it is called
-- up to each of them. What looks like an id or a date is one wherever it stands. Text is a variable below a prefix that is
-- known to hold many: below one of `slugs` all that stands there, below one of `texts` only what looks like nothing
-- else. A place that is such a prefix itself keeps its name.
select
    path,
    n,
    splitByChar('/', path) as places,
    arrayMap(
        place -> multiIf(
            match(place, {uuid:String}), ':uuid',
            match(place, {date:String}), ':date',
            match(place, {id:String}), ':id',
            place
        ),
        places
    ) as kinds,
    arrayFold(
        (prefixes, place, kind) -> arrayPushBack(
            prefixes,
            concat(
                prefixes[-1],
                '/',
                multiIf(
                    place = '' or (length(prefixes) = 1 and length(places) > 2), kind,
                    kind = place and (
                        has({slugs:Array(String)}, concat(prefixes[-1], '/', place))
                        or has({texts:Array(String)}, concat(prefixes[-1], '/', place))
                    ), place,
                    has({slugs:Array(String)}, prefixes[-1]), ':slug',
                    kind != place, kind,
                    has({texts:Array(String)}, prefixes[-1]), ':slug',
                    place
                )
            )
        ),
        arrayPopFront(places), arrayPopFront(kinds), [places[1]]
    ) as prefixes
from ({{paths}})
where length(places) between 2 and {deepest:UInt8} and position(path, '/:') = 0 and position(path, '*') = 0
