-- How many events does a project have in a month? Robots are among them. Parts of the table hold months.
select count() as n from events where project = {project:UInt32} and toYYYYMM(timestamp) = {month:UInt32}
