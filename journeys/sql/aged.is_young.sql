-- Is this run not so old yet?
{now:Int64} - start < {{age}}
