-- Take away the sessions of the generations before this one.
delete from {{rows}} where project = {project:UInt32} and generation < {generation:UInt32}
