-- Which runs were there, as the ledger stood at a moment? Those stored of customers who have not changed since,
-- and those of the others, computed anew.
select * from ({{stored}}) where customer not in ({{changed}})
union all
select * from ({{computed}})
