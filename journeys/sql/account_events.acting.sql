-- What did the members of accounts do? Every event once for each account of its customer, and the account stands in the
-- customer's place. What names an account itself, as a group event does, belongs to that one alone.
select done.* except (customer), members.account as customer
from {{resolved}} as done
join ({{members}}) as members on members.customer = done.customer
where
    done.project = {project:UInt32}
    and (done.group_id = '' or {{number}} = members.account)
