-- Within which time had nine in ten of the runs that succeeded done so?
select quantileExactInclusiveIf(0.9)(last - start, outcome = 'succeeded') as ms
from ({{runs}})
where {{which}}
