-- Within which time had nine in ten of the runs that came to the step, or a later one, done so?
select quantileExactInclusive(0.9)({{came_at}} - start) as ms
from ({{runs}})
where ({{which}}) and furthest >= {target:UInt8}
