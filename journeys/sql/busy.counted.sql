-- Who of these customers, or which of these accounts, has so many events that to go through them takes long, and how many?
select customer, count() as n
from {{events}}
where customer in {customers:Array(UInt64)} and not is_bot
group by customer
having n > {many:UInt64}
order by customer
