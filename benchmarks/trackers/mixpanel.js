import mixpanel from "mixpanel-browser";
mixpanel.init("key", { api_host: location.origin, track_pageview: true, autocapture: true, persistence: "localStorage" });
