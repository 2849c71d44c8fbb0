-- Which numbers did the events of the steps tell: at least a quarter, half, three quarters of what all told? Only
-- properties with many different numbers are cut so; others are told apart by their values. One row more is of everybody.
with
    told as (
        select
            customer, number, won, ended, place, at,
            concat('property:', said.1) as name,
            toFloat64OrNull(if(startsWith(said.2, '"'), JSONExtractString(said.2), said.2)) as amount
        from (
            select
                customer, number, won, ended, place, at,
                JSONExtractKeysAndValuesRaw(properties) as facts,
                arrayJoin(arrayFilter((one, n) -> indexOf(facts.1, one.1) = n, facts, arrayEnumerate(facts))) as said
            from ({{told}})
        )
        where isFinite(amount)
    ),
    cut as (
        select
            place,
            name,
            arrayPushBack(
                arrayMap(
                    one -> (toString(one), one, toInt64(0)),
                    arrayDistinct(quantilesExactInclusive(0.25, 0.5, 0.75)(amount))
                ),
                ('', -inf, {everybody:Int64})
            ) as cuts
        from told
        group by place, name
        having uniq(amount) >= {different:UInt32}
    )
select
    customer, number, won, ended, place, name, one.1 as carried, one.3 as level, at
from (
    select told.*, cut.cuts as cuts
    from told
    inner join cut on cut.place = told.place and cut.name = told.name
)
array join cuts as one
where amount >= one.2
