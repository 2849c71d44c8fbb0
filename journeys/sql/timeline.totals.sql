-- How much is known of this customer, and from when to when?
select
    count() as n,
    toUnixTimestamp64Milli(min(timestamp)) as first_seen,
    toUnixTimestamp64Milli(max(timestamp)) as last_seen,
    argMaxIf(traits, (timestamp, sequence), type = 'identify' and traits != '{}') as traits
from customer_events
where project = {project:UInt32} and identity in {identities:Array(UInt64)} and customer = {customer:UInt64}
