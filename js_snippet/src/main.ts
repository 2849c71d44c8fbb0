// The script for pages: its options stand on its script element, and this is what it watches.
import { watchClicks } from "./clicks";
import { watchEnd } from "./end";
import { watchPages } from "./pages";
import { fromScript } from "./script";
import { start } from "./start";

start([watchPages, watchClicks, watchEnd], ...fromScript());
