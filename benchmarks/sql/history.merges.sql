-- Who is known by two identities? Every fifth customer: a browser's id from before the first log-in.
insert into identity_customers (project, identity, customer, spans, version)
select
    {project:UInt32}, bitShiftRight(cityHash64(rank, 1), 1), bitShiftRight(cityHash64(rank, 0), 1), [], 1
from (select toUInt32(number * 5) as rank from numbers(intDiv({customers:UInt32} + 4, 5)))
