-- Which customers are these?
select arrayJoin({customers:Array(UInt64)}) as customer
