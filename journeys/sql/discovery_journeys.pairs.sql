-- How many customers have both touchpoints of each pair, how many the one before the other, in time, and right after it?
-- First times count. A touchpoint with itself tells how many have it at all, and for how many nothing came before it.
with
    firsts as (
        select customer, label, min(at) as first
        from ({{touched}})
        where label in {labels:Array(UInt64)}
        group by customer, label
    ),
    customers as (
        select groupArray((label, first)) as marks, min(first) as earliest
        from firsts
        group by customer
    )
select
    mark.1 as one,
    mate.1 as other,
    count() as n,
    countIf(mark.2 = earliest) as opens,
    countIf(mark.2 < mate.2) as before,
    countIf(mark.2 < mate.2 and mate.2.1 - mark.2.1 <= {within:Int64}) as in_time,
    countIf(mark.2 < mate.2 and mate.2.1 - mark.2.1 <= {close:Int64}) as close
from (select earliest, marks, arrayJoin(marks) as mark from customers)
array join marks as mate
group by one, other
