-- How many events does a project have?
select count() as n from events where project = {project:UInt32}
