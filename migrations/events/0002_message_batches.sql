-- Which batch counted a message: a batch that is repeated after a crash knows its own messages again.
alter table message_ids add column if not exists batch UInt64 default 0;

-- Where a worker finds out, after a failed insert, whether the store takes any.
create table probes (at DateTime64(3, 'UTC')) engine = MergeTree order by at ttl toDateTime(at) + interval 1 day;

-- What the inbox forgets must be on disk here, also when the power fails a moment later.
alter table events modify setting fsync_after_insert = 1, fsync_part_directory = 1;
alter table message_ids modify setting fsync_after_insert = 1, fsync_part_directory = 1;
alter table identity_customers modify setting fsync_after_insert = 1, fsync_part_directory = 1;
