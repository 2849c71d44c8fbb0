-- Who of these customers has so many events that to go through them takes long, and how many?
select customer, count() as n
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
    and not is_bot
group by customer
having n > {many:UInt64}
order by customer
