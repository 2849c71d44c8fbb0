// The script with everything: what the default one does, and what a site asks for besides.
import { fromScript } from "../script";
import { start } from "../start";
import { watchers } from "../watchers";
import { watchDead } from "./dead";
import { arrive, watchDomains } from "./domains";
import { watchErrors } from "./errors";
import { addHints } from "./hints";
import { lookForOwn } from "./own";
import { watchRage } from "./rage";
import { restore, watchServerCookie } from "./server_cookie";
import { watchVitals } from "./vitals";

const more = [watchDomains, watchErrors, watchRage, watchDead, watchVitals, watchServerCookie];

// Who came, and with which browser, has to be known before the first page view.
lookForOwn();
const given = fromScript();
restore(given);
start([arrive, addHints, ...watchers, ...more], given);
