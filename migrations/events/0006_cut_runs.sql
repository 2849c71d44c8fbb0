-- How many of the runs were cut, because too many touchpoints came without a pause.
alter table journey_runs add column if not exists cut UInt32 default 0;
