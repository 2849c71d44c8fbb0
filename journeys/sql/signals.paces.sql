-- How long did each run take from one step to the next that it had taken by the landmark: at most a quarter, half, three
-- quarters of what all took? The last level is that of everybody.
with
    paced as (
        select
            customer, number, won, ended,
            pair.1 as from_step, pair.2 as to_step, pair.3 as at, pair.4 as took
        from ({{chosen}})
        array join arrayMap(
            place -> (
                ways[place].1, ways[place + 1].1, ways[place + 1].2, ways[place + 1].2 - ways[place].2
            ),
            range(1, length(ways))
        ) as pair
        where is_seen
    ),
    cut as (
        select
            from_step,
            to_step,
            arrayPushBack(
                arrayDistinct(arrayMap(
                    one -> toInt64(one), quantilesExactInclusive(0.25, 0.5, 0.75)(took)
                )),
                {everybody:Int64}
            ) as levels
        from paced
        group by from_step, to_step
    )
select
    customer, number, won, ended, to_step as place, toString(from_step) as name, '' as carried, level, at
from (select * from paced inner join cut on cut.from_step = paced.from_step and cut.to_step = paced.to_step)
array join levels as level
where took <= level
