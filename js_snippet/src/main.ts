// The script for pages: its options stand on its script element, and this is what it watches.
import { fromScript } from "./script";
import { start } from "./start";
import { watchers } from "./watchers";

start(watchers, fromScript());
