-- Which of these sessions are meant: of these attributes, bounced or not, engaged or not; -1 and '' leave open?
({channel:String} = '' or toString(found.channel) = if({channel:String} = '(none)', '', {channel:String}))
and ({source:String} = '' or toString(found.source) = if({source:String} = '(none)', '', {source:String}))
and ({campaign:String} = '' or toString(found.campaign) = if({campaign:String} = '(none)', '', {campaign:String}))
and ({device:String} = '' or toString(found.device) = if({device:String} = '(none)', '', {device:String}))
and ({country:String} = '' or toString(found.country) = if({country:String} = '(none)', '', {country:String}))
and ({bounced:Int8} < 0 or found.bounced = {bounced:Int8})
and ({engaged:Int8} < 0 or found.engaged = {engaged:Int8})
