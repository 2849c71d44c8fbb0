-- Which attempts came to the goal on this way?
select customer, number
from ({{whole}})
where
    outcome = 'succeeded'
    and arraySlice(whole, 1, {longest:UInt8})
        = arrayMap(one -> cityHash64(one.1, one.2), {way:Array(Tuple(String, String))})
    and (length(whole) > {longest:UInt8}) = {is_cut:UInt8}
