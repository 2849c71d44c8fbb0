-- Which attempts came to the goal on another way than the first ones?
select customer, number
from ({{whole}})
where
    outcome = 'succeeded'
    and (arraySlice(whole, 1, {longest:UInt8}), toUInt8(length(whole) > {longest:UInt8})) not in (
        select way, toUInt8(is_cut) from ({{first}})
    )
