-- Which batch counted a message: a batch that is repeated after a crash knows its own messages again.
alter table message_ids add column if not exists batch UInt64 default 0;
