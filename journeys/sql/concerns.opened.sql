-- What have these customers done that may open a run of some journey?
select customer, groupUniqArray((toString(type), toString(event), if(type = 'page', path, ''))) as labels
from customer_events
where
    project = {project:UInt32}
    and identity in {identities:Array(UInt64)}
    and customer in {customers:Array(UInt64)}
    and ({{relevant}})
    and (type != 'page' or arrayExists(pattern -> path like pattern, {patterns:Array(String)}))
    and not is_bot
group by customer
