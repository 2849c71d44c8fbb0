-- These accounts at each of these journeys.
select
    toUInt16(arrayJoin(arrayEnumerate({journey_versions:Array(UInt32)}))) as journey,
    arrayJoin({customers:Array(UInt64)}) as customer
