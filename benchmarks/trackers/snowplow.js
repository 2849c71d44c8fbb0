import { enableActivityTracking, newTracker, trackPageView } from "@snowplow/browser-tracker";
newTracker("sp", location.origin, { appId: "site" });
enableActivityTracking({ minimumVisitLength: 10, heartbeatDelay: 10 });
trackPageView();
