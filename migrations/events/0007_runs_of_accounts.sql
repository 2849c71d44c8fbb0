-- Of a row of an account: who its members were when its runs were computed, to find the row again when one of them
-- is not a member any more. There `customer` is the number of the account, from 2^63 on.
alter table journey_runs add column if not exists members Array(UInt64);
