-- Which of these sessions are meant: of these attributes, bounced or not, engaged or not; -1 and '' leave open?
({channel:String} = '' or if(found.channel = '', '(none)', toString(found.channel)) = {channel:String})
and ({source:String} = '' or if(found.source = '', '(none)', toString(found.source)) = {source:String})
and ({campaign:String} = '' or if(found.campaign = '', '(none)', toString(found.campaign)) = {campaign:String})
and ({device:String} = '' or if(found.device = '', '(none)', toString(found.device)) = {device:String})
and ({country:String} = '' or if(found.country = '', '(none)', toString(found.country)) = {country:String})
and ({bounced:Int8} < 0 or found.bounced = {bounced:Int8})
and ({engaged:Int8} < 0 or found.engaged = {engaged:Int8})
