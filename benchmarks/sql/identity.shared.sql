-- Some identities are contested: they belong to two customers by turns.
insert into identity_customers (project, identity, customer, spans, version)
select
    {project:UInt32}, bitShiftRight(cityHash64(number * 5 + 1, 0), 1) as identity, identity,
    arrayMap(
        turn -> (
            fromUnixTimestamp64Milli({start:Int64} + turn * toInt64(20 * 86400000), 'UTC'),
            bitShiftRight(cityHash64(number * 5 + 2 + turn % 2, 0), 1)
        ),
        range(3)
    ),
    {version:UInt64}
from numbers({count:UInt64})
