-- How many of its steps had this run taken when it was so old?
arrayCount(at -> toUnixTimestamp64Milli(at) <= start + {{age}}, times)
