-- Every fifth customer's second identity belongs to the first one.
insert into identity_customers (project, identity, customer, spans, version)
select
    {project:UInt32}, bitShiftRight(cityHash64(number * 5, 1), 1), bitShiftRight(cityHash64(number * 5, 0), 1), [],
    {version:UInt64}
from numbers({first:UInt64}, {count:UInt64})
