-- How many runs stand how, how many of these are looked at, and which steps had they taken by the landmark?
select
    standing,
    count() as n,
    countIf(is_seen) as seen,
    countIf(is_seen and won) as seen_won,
    sumMapIf(ways.1, arrayMap(way -> toUInt64(1), ways), is_seen) as took,
    sumMapIf(ways.1, arrayMap(way -> toUInt64(1), ways), is_seen and won) as took_won
from ({{chosen}})
group by standing
