// What every build of the snippet watches, in this order: whatever ends with the page comes before its end.
import { watchClicks } from "./clicks";
import { watchEnd } from "./end";
import { watchEngagement } from "./engagement";
import { watchForms } from "./forms";
import { watchPages } from "./pages";

export const watchers = [watchPages, watchEngagement, watchClicks, watchForms, watchEnd];
